"""What earlier looks at a hold-out ask of the next one: told before anything is paid, and counted by nobody."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.store.looks import Look, LookLedger
from maspo.study.bound import remark_on_looks
from maspo.study.job import Job
from maspo.study.resolve import groups_in, texts_of_inputs


def remarks_on_looks(job: Job, keys: Sequence[str]) -> list[str]:
    """Return a remark where inputs of these keys were looked at before, by models' answers; else nothing.

    Whether a simulated world will answer is not known before anybody is asked, and those looks cost nothing.
    """
    if job.world is not None:
        return []
    following = LookLedger().next(Look("", "\0".join(job.system.order), texts_of_inputs(job, keys)))
    # Which inputs ask the same takes a millisecond an input to tell.
    return [remark_on_looks(following, groups_in(job).count(keys))] if following.number > 1 else []
