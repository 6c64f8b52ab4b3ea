"""Who writes new prompts, and what no new prompt may hold. By what stands where.

Writing: ``base`` is the port; ``rewrite`` asks a model, ``edits`` none; ``examples`` draws worked examples of traces;
``drafts`` reads drafts from a reply and holds them to the rules, without what is ``repeated`` in them.
Memorized data: ``passages`` of inputs; ``tables`` of questions and answers, with ``retold`` for words in disguise,
``reckoned`` for numbers that are described, ``rows`` for what the structure of rows tells, ``chosen`` for options.
What does not belong into a draft: ``foreign`` refuses it, in each of the ``readings`` of a text, of which ``spoken``
are those of words for digits and letters; ``addresses``, ``contacts`` without an address, ``accounts``, ``ciphers``,
which ``english`` measures, and what is ``opaque`` to a reader. ``instructions`` remarks on words to others.
What is only told: ``brought`` lists names, figures, quotations and code that the seed prompt does not have, words that
are not ``usual``, and what of the inputs is ``asked``.
``sought`` are patterns with signs of them.
"""
