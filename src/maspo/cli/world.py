"""``maspo world serve``: the simulated world as an OpenAI-compatible endpoint."""

from typing import Annotated, Any

import typer

from maspo.cli.terminal import note, say

PORT = 8801
"""Beside the ports that model servers take by default (``maspo.cli.doctor.LOCAL_PLACES``)."""


def _knob(flag: str, help_text: str) -> Any:
    return typer.Option(flag, help=help_text)


def serve(
    *,
    host: Annotated[str, _knob("--host", "Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, _knob("--port", "0 takes a free one.")] = PORT,
    public: Annotated[bool, _knob("--public", "Allow a host that other machines can reach.")] = False,
    seed: Annotated[int, _knob("--seed", "Seed of the world.")] = 0,
    bias: Annotated[float, _knob("--bias", "How much the judge prefers the first position, in logits.")] = 0.15,
    sharpness: Annotated[float, _knob("--sharpness", "How much of a difference the judge sees.")] = 1.0,
    unreadable: Annotated[float, _knob("--unreadable", "Share of judge replies without a verdict.")] = 0.0,
    coin_flip: Annotated[bool, _knob("--coin-flip", "A judge that picks at random.")] = False,
    effects: Annotated[float, _knob("--effects", "How much prompts matter; 0: not at all.")] = 1.0,
    traps: Annotated[bool, _knob("--traps/--no-traps", "Whether attractive sentences may harm.")] = True,
    conflicts: Annotated[bool, _knob("--conflicts", "Whether sentences of linked agents can clash.")] = False,
    proposer: Annotated[str, _knob("--proposer", "good, poor or rubbish.")] = "good",
    writing: Annotated[str, _knob("--writing", "edits, or rewrites: whole prompts in a new order.")] = "edits",
    temper: Annotated[str, _knob("--temper", "The judge: usual, or decisive: seldom says tie.")] = "usual",
    latency_ms: Annotated[float, _knob("--latency-ms", "Delay of each reply, in milliseconds.")] = 0.0,
    error_rate: Annotated[float, _knob("--error-rate", "Share of requests that fail with 429 or 500.")] = 0.0,
    retry_after: Annotated[int, _knob("--retry-after", "Seconds that a 429 asks to wait.")] = 0,
    api_key: Annotated[str, _knob("--api-key", "Refuse every request without this made-up key.")] = "",
) -> None:
    """Serve the simulated world over the OpenAI protocol.

    The first line of stdout is the base URL; runs until Ctrl-C.
    """
    import asyncio
    import signal
    from typing import cast

    from maspo.core.running import run
    from maspo.world import WorldSpec
    from maspo.world.serve import Address, Faults
    from maspo.world.serve import serve as serve_world
    from maspo.world.spec import Skill, Temper, Writing

    spec = WorldSpec(
        seed=seed,
        judge_bias=bias,
        judge_sharpness=sharpness,
        unreadable=unreadable,
        coin_flip=coin_flip,
        effects=effects,
        traps=traps,
        conflicts=conflicts,
        proposer=cast(Skill, proposer),  # these three are checked by WorldSpec itself
        writing=cast(Writing, writing),
        judge_temper=cast(Temper, temper),
    )
    faults = Faults(latency_ms, error_rate, retry_after, api_key)

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve_world(spec, faults, Address(host, port, public), stop, ready)

    def ready(base_url: str) -> None:
        say(base_url)
        note(f"The simulated world answers at {base_url}: no language model. Ctrl-C stops it.")

    run(serve())
