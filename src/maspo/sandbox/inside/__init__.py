"""What runs within the sandbox: the fork server, the confinement, the untrusted program and its examiner.

Only the standard library is used here: nothing else is visible inside.
"""
