"""Settings: one order of precedence, and errors that name where a value was given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.cli.settings import FLAGS, Given, load_settings
from maspo.config import PROFILES, RunConfig
from maspo.errors import ConfigInvalid


def config(
    flags: Mapping[str, object] | None = None,
    sets: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> RunConfig:
    return load_settings(Given(flags or {}, sets, file), environ or {}).config


def test_i01_nothing_given_is_the_default() -> None:
    assert config() == RunConfig.model_validate({})


def test_i02_later_places_win() -> None:
    Path("maspo.toml").write_text("[models]\nagent = 'file'\njudge = 'file'\nproposer = 'file'\nattempts = 2\n")
    environ = {"MASPO_AGENT_MODEL": "env", "MASPO_JUDGE_MODEL": "env", "MASPO_PROPOSER_MODEL": ""}
    found = config({"agent-model": "flag", "seed": None}, ["models.concurrency=3"], environ).models
    assert (found.agent, found.judge, found.proposer, found.attempts, found.concurrency) == (
        "flag",
        "env",
        "file",
        2,
        3,
    )


def test_i03_set_wins_over_flags_and_the_profile() -> None:
    found = config({"profile": "paper", "seed": 1}, ["search.scoring=centred", "seed=5"])
    assert PROFILES["paper"]["scoring"] == "indicator"
    assert (found.search.scoring, found.search.reference, found.seed) == ("centred", "parent", 5)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_i04_a_profile_presets_the_search(profile: str) -> None:
    found = config({"profile": profile})
    assert found.profile == profile
    assert {name: getattr(found.search, name) for name in PROFILES[found.profile]} == PROFILES[found.profile]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"OPENAI_BASE_URL": "http://a/v1"}, "http://a/v1"),
        ({"OPENAI_BASE_URL": "http://a/v1", "MASPO_BASE_URL": "http://b/v1"}, "http://b/v1"),
    ],
)
def test_i05_the_common_variable_gives_the_endpoint(environ: dict[str, str], expected: str) -> None:
    assert config(environ=environ).models.base_url == expected


def test_i06_every_flag_has_a_variable() -> None:
    values = {"profile": "paper", "labels": "use", "ship-if": "proven"}
    numbers = {"seed": "7", "concurrency": "7", "max-usd": "7", "max-calls": "7", "max-minutes": "7"}
    texts = {name: f"text-{name}" for name in FLAGS if name not in values | numbers | {"focus": ""}}
    environ = {f"MASPO_{name.upper().replace('-', '_')}": text for name, text in (values | numbers | texts).items()}
    found = config(environ={**environ, "MASPO_FOCUS": "solver, critic"}).model_dump()
    assert found.pop("focus") == ("solver", "critic")
    for name, path in FLAGS.items():
        if name == "focus":
            continue
        value: object = found
        for part in path.split("."):
            assert isinstance(value, dict)
            value = value[part]
        assert str(value).removesuffix(".0") == environ[f"MASPO_{name.upper().replace('-', '_')}"]


def test_i07_parts_of_a_group_can_be_set_alone() -> None:
    found = config(sets=["search.weights.global=0.5", 'models.prices={"m": [1, 2]}', "models.prices.gpt-4.1=[3, 4]"])
    assert (found.search.weights.local, found.search.weights.glob) == (0.4, 0.5)
    assert found.models.prices == {"m": (1.0, 2.0), "gpt-4.1": (3.0, 4.0)}


def test_i08_the_key_is_never_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sk-secret" not in config(environ={"OPENAI_API_KEY": "sk-secret"}).model_dump_json()


def test_i09_an_unknown_variable_is_remarked() -> None:
    notes = load_settings(Given({}), {"MASPO_MAX_USDS": "3", "HOME": "x"}).notes
    assert notes == ("MASPO_MAX_USDS is set, but is no setting of maspo; did you mean MASPO_MAX_USD?",)


REFUSED: list[tuple[dict[str, object], list[str], dict[str, str], str]] = [
    ({}, ["search.pases=2"], {}, r"^--set search\.pases: unknown setting 'pases'; did you mean 'search\.passes'\?"),
    ({}, ["pases=2"], {}, r"did you mean 'search\.passes'\? The keys are: profile, seed"),
    ({}, ["search.weights.glob=1"], {}, r"did you mean 'search\.weights\.global'\?"),
    ({}, ["search=3"], {}, r"--set search: 'search' is a group of settings; set one of: .*passes"),
    ({}, ["seed.x=3"], {}, r"'seed' is a single setting; it has no key 'x'"),
    ({}, ["models.prices=3"], {}, r"--set models\.prices: 3 is given; expected a table"),
    ({}, ["models.prices.m=3"], {}, r"--set models\.prices\.m: 3 is given; expected a list"),
    ({}, ["seed"], {}, r"--set 'seed': expected KEY=VALUE"),
    ({}, ["=3"], {}, r"expected KEY=VALUE"),
    ({}, ["search.passes=0"], {}, r"^--set search\.passes: 0 is given; expected at least 1$"),
    ({}, ["search.passes=two"], {}, r'^--set search\.passes: "two" is given; expected a whole number$'),
    ({}, ["search.scoring=odd"], {}, r"""expected 'centred' or 'indicator'"""),
    ({}, ["search.refresh=perhaps"], {}, r"expected true or false"),
    ({}, ["models.agent=3"], {}, r"--set models\.agent: 3 is given; expected text"),
    ({"profile": "fast"}, [], {}, r'^--profile: "fast" is given; expected one of: default, cheap'),
    ({}, ["profile=[]"], {}, r"^--set profile: \[\] is given; expected one of: default, cheap"),
    ({"max-usd": 0}, [], {}, r"^--max-usd: 0 is given; expected more than 0$"),
    ({"max-usd": float("nan")}, [], {}, r"^--max-usd: nan is given; expected a finite number$"),
    ({"max-usd": float("inf")}, [], {}, r"expected a finite number"),
    ({"focus": "a,,b"}, [], {}, r'^--focus: "a,,b" is given; expected names of agents, separated by commas'),
    ({}, ["focus=3"], {}, r"^--set focus: 3 is given; expected a list$"),
    ({"ship-if": "maybe"}, [], {}, r"^--ship-if: \"maybe\" is given; expected 'better' or 'proven'$"),
    ({}, [], {"MASPO_MAX_CALLS": "many"}, r'^MASPO_MAX_CALLS: "many" is given; expected a whole number$'),
]


@pytest.mark.parametrize(("flags", "sets", "environ", "message"), REFUSED)
def test_i10_a_bad_value_is_refused_where_it_was_given(
    flags: dict[str, object], sets: list[str], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigInvalid) as error:
        config(flags, sets, environ)
    assert re.search(message, str(error.value)), error.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed = [\nx", r"maspo\.toml: not valid TOML: .*line 2"),
        ("[search]\nbeam = 3", r"maspo\.toml: search\.beam: unknown setting 'beam'"),
        ("[caps]\nusd = -1", r"maspo\.toml: caps\.usd: -1 is given; expected more than 0"),
        ("[models]\napi_key = 'sk-secret'", r"unknown setting 'api_key'; did you mean 'models\.api_key_env'\?"),
    ],
)
def test_i11_a_bad_file_is_refused_with_its_place(content: str, message: str) -> None:
    Path("maspo.toml").write_text(content)
    with pytest.raises(ConfigInvalid) as error:
        config()
    assert re.search(message, str(error.value)), error.value
    assert "sk-secret" not in str(error.value)


def test_i12_a_file_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="no such file"):
        config(file=Path("other.toml"))
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        config(file=tmp_path)


def test_i13_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigInvalid) as error:
        config({"max-calls": 0}, ["search.passes=0", "models.attempts=0"])
    assert len(str(error.value).splitlines()) == 3


@given(st.lists(st.text(max_size=30) | st.from_regex(r"[a-z._]{1,20}=[\w\[\]{}\",.:-]{0,20}", fullmatch=True)))
def test_i14_any_text_is_a_setting_or_a_refusal(sets: list[str]) -> None:
    try:
        config(sets=sets)
    except ConfigInvalid as error:
        assert str(error).startswith("--set")
