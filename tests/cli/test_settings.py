"""Settings: declared once, one order of precedence, and errors that name where a value was given."""

from __future__ import annotations

import re
import runpy
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from maspo import api, configure
from maspo.cli.app import guarded
from maspo.cli.in_python import in_python
from maspo.cli.options import Arguments, job_command
from maspo.cli.prepare import sources_of
from maspo.cli.settings import Sources, load_settings
from maspo.config import PROFILES, ModelSettings, RunConfig, search_of
from maspo.configure import flag_of, list_fields, paths_by_flag
from maspo.core import registry
from maspo.core.errors import ConfigInvalid
from maspo.flags import FLAGS, Flag
from maspo.optimizers.base import OptimizerConfig
from maspo.optimizers.coordinate_ascent import CoordinateAscentConfig
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.optimizers.registry import OPTIMIZERS

TABLES = Path(__file__).resolve().parents[2] / "docs/tables.py"


def config(
    flags: Mapping[str, object] | None = None,
    sets: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> RunConfig:
    return load_settings(Sources(flags or {}, sets, file), environ or {}).config


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
    assert isinstance(found.search, CoordinateAscentConfig)
    assert (found.search.scoring, found.search.reference, found.seed) == ("centred", "parent", 5)


@pytest.mark.parametrize(("key", "said"), [("hunter2", ["7 characters"]), ("none", []), ("sk-" + "aB3x" * 9, [])])
def test_i32_a_key_that_cannot_be_told_from_a_word_is_said_once(key: str, said: list[str]) -> None:
    environ = {"OPENAI_API_KEY": key}
    sets = ["models.base_url=http://127.0.0.1:1/v1", 'models.judge={"base_url": "http://127.0.0.1:1/v1"}']
    notes = load_settings(Sources({}, sets), environ).notes
    assert len(notes) == len(said)
    assert all(words in note and "hunter2" not in note for note, words in zip(notes, said, strict=True))


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
    values = {"profile": "paper", "labels": "use", "ship-if": "proven", "approve": "each", "focus": "solver, critic"}
    numbers = {"seed": "7", "concurrency": "7", "max-usd": "7", "max-calls": "7", "max-minutes": "7"}
    urls = {name: f"http://127.0.0.1:1/{name}" for name in FLAGS if name.endswith("base-url")}
    texts = {name: f"text-{name}" for name in FLAGS} | values | numbers | urls
    for name in (name for name, flag in FLAGS.items() if flag.in_file):
        Path(f"{name}.txt").write_text(f" {texts[name]}\n")
    given = {name: f"{name}.txt" if FLAGS[name].in_file else text for name, text in texts.items()}
    found = config(environ={FLAGS[name].variable: text for name, text in given.items()})
    for name, path in paths_by_flag().items():
        value: Any = found
        for part in path:
            value = getattr(value, part)
        assert (", ".join(value) if isinstance(value, tuple) else str(value).removesuffix(".0")) == texts[name]


def test_i07_parts_of_a_group_can_be_set_alone() -> None:
    found = config(sets=["search.weights.global=0.5", 'models.prices={"m": [1, 2]}', "models.prices.gpt-4.1=[3, 4]"])
    assert isinstance(found.search, AnchorRaceConfig)
    assert (found.search.weights.local, found.search.weights.glob) == (0.4, 0.5)
    assert found.models.prices == {"m": (1.0, 2.0), "gpt-4.1": (3.0, 4.0)}


def test_i08_the_key_is_never_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sk-secret" not in config(environ={"OPENAI_API_KEY": "sk-secret"}).model_dump_json()


def test_i09_an_unknown_variable_is_remarked() -> None:
    notes = load_settings(Sources({}), {"MASPO_MAX_USDS": "3", "HOME": "x"}).notes
    assert notes == ("MASPO_MAX_USDS is set, but is no setting of maspo; did you mean MASPO_MAX_USD?",)


REFUSED: list[tuple[dict[str, object], list[str], dict[str, str], str]] = [
    ({}, ["search.conflict_level=0.1"], {}, r"'conflict_level' is no more: .*search\.conflict_inputs"),
    ({}, ["search.contested_first=false"], {}, r"'contested_first' is no more: search\.contested says"),
    ({}, ["search.pases=2"], {}, r"^--set search\.pases: unknown setting 'pases'; did you mean 'search\.passes'\?"),
    ({}, ["pases=2"], {}, r"did you mean 'search\.passes'\?$"),
    ({}, ["search.weights.glob=1"], {}, r"did you mean 'search\.weights\.global'\?"),
    ({}, ["search=3"], {}, r"--set search: 'search' is a group of settings; set one of: .*passes"),
    ({}, ["seed.x=3"], {}, r"'seed' is a single setting; it has no key 'x'"),
    ({}, ["models.prices=3"], {}, r"--set models\.prices: 3 is given; expected a table"),
    ({}, ["models.prices.m=3"], {}, r"--set models\.prices\.m: 3 is given; expected a list"),
    ({}, ["models.prices.m=[1, -2]"], {}, r"^--set models\.prices\.m: -2 is given; expected at least 0$"),
    ({}, ["models.prices.m=[NaN, 2]"], {}, r"^--set models\.prices\.m: NaN is given; expected a finite number$"),
    ({}, ["seed"], {}, r"--set 'seed': expected KEY=VALUE"),
    ({}, ["=3"], {}, r"expected KEY=VALUE"),
    ({}, ["search.passes=0"], {}, r"^--set search\.passes: 0 is given; expected at least 1$"),
    ({}, ["search.passes=two"], {}, r'^--set search\.passes: "two" is given; expected a whole number$'),
    ({}, ["search.judge_order=odd"], {}, r"""expected 'balanced' or 'fixed'"""),
    ({}, ["search.ahead=perhaps"], {}, r"expected true or false"),
    ({}, ['search={"passes": 0}'], {}, r"^--set search\.passes: 0 is given; expected at least 1$"),
    ({}, ["search.growth=inf"], {}, r"^--set search\.growth: inf is given; expected a finite number$"),
    ({}, ["models.agent=3"], {}, r"--set models\.agent: 3 is given; expected text"),
    ({"profile": "fast"}, [], {}, r'^--profile: "fast" is given; expected one of: default, cheap'),
    ({}, ["profile=[]"], {}, r"^--set profile: \[\] is given; expected one of: default, cheap"),
    ({"max-usd": 0}, [], {}, r"^--max-usd: 0 is given; expected more than 0$"),
    ({"max-usd": "nan"}, [], {}, r"^--max-usd: nan is given; expected a finite number$"),
    ({"max-usd": float("inf")}, [], {}, r"expected a finite number"),
    ({"max-calls": "many"}, [], {}, r'^--max-calls: "many" is given; expected a whole number$'),
    ({"seed": "1.5"}, [], {}, r"^--seed: 1\.5 is given; expected a whole number$"),
    ({}, [], {"MASPO_MAX_USD": "inf"}, r"^MASPO_MAX_USD: inf is given; expected a finite number$"),
    ({"focus": "a,,b"}, [], {}, r'^--focus: "a,,b" is given; expected names of agents, separated by commas'),
    ({}, ["focus=3"], {}, r"^--set focus: 3 is given; expected a list$"),
    ({"ship-if": "maybe"}, [], {}, r"^--ship-if: \"maybe\" is given; expected 'likely', 'better' or 'proven'$"),
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
        config({"max-calls": 0}, ["search.passes=0", "models.attempts=0", "search.pases=2", "caps=3", "seed.x=1"])
    assert len(str(error.value).splitlines()) == 6


@pytest.mark.parametrize("place", ["profile", "search.method"])
def test_i13b_a_choice_that_does_not_exist_hides_no_other_problem(place: str) -> None:
    with pytest.raises(ConfigInvalid) as error:
        config({"max-calls": 0}, [f"{place}=nope", "models.attempts=0", "search.passes=2", "caps=3"])
    lines = str(error.value).splitlines()
    assert len(lines) == 4 and lines[0].startswith(f'--set {place}: "nope" is given; expected one of: ')
    assert not any("passes" in line for line in lines), "what a search goes by hangs on its optimizer"
    with pytest.raises(ConfigInvalid) as error:
        config(sets=["profile=nope", "search.method=none"])
    assert len(str(error.value).splitlines()) == 2


@given(st.lists(st.text(max_size=30) | st.from_regex(r"[a-z._]{1,20}=[\w\[\]{}\",.:-]{0,20}", fullmatch=True)))
def test_i14_any_text_is_a_setting_or_a_refusal(sets: list[str]) -> None:
    try:
        config(sets=sets)
    except ConfigInvalid as error:
        assert str(error).startswith("--set")


# ── one declaration ──────────────────────────────────────────────────────────────────────────────────────────────────


class DeepModels(ModelSettings):
    """Models with one setting more, declared by its field and nothing else."""

    depth: Annotated[int, Flag("thinking-depth", "how deep models think", "N")] = Field(default=3, ge=1)


class DeepConfig(RunConfig):
    models: DeepModels = DeepModels()


def test_i15_whatever_a_new_setting_needs_follows_from_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    flag = flag_of(DeepModels.model_fields["depth"])
    assert flag is not None
    monkeypatch.setattr(configure, "RunConfig", DeepConfig)
    monkeypatch.setattr("maspo.config.RunConfig", DeepConfig)  # docs/tables.py imports it anew
    monkeypatch.setitem(FLAGS, flag.name, flag)

    def depth(**given: Any) -> object:
        return config(**given).model_dump()["models"]["depth"]

    assert depth() == 3
    assert depth(environ={"MASPO_THINKING_DEPTH": "4"}) == 4
    assert depth(sets=["models.depth=5"]) == 5
    Path("maspo.toml").write_text("[models]\ndepth = 6")
    assert depth() == 6
    assert api.configured(RunConfig(), {"thinking_depth": 7}).model_dump()["models"]["depth"] == 7
    found: list[object] = []
    app = typer.Typer(rich_markup_mode=None)
    app.command()(guarded(job_command(lambda asked: found.append(depth_asked(asked)))))
    assert "How deep models think." in CliRunner().invoke(app, ["--help"]).stdout
    assert CliRunner().invoke(app, ["system.yaml", "--thinking-depth", "8"]).exit_code == 0
    assert found == [8]
    refused = CliRunner().invoke(app, ["system.yaml", "--thinking-depth", "0"])
    assert "--thinking-depth: 0 is given; expected at least 1" in refused.stderr
    tables = runpy.run_path(str(TABLES))
    assert "| `--thinking-depth` | how deep models think | 3 |\n" in tables["list_options"]()
    names = "`--thinking-depth`, `MASPO_THINKING_DEPTH`, `thinking_depth=`"
    assert f"| `models.depth` | {names} | how deep models think | 3 |\n" in tables["list_settings"]()


def depth_asked(asked: Arguments) -> object:
    return load_settings(sources_of(asked), {}).config.model_dump()["models"]["depth"]


def test_i16_every_flag_is_the_name_of_one_field() -> None:
    named = [flag for _, field in list_fields(RunConfig) for flag in field.metadata if isinstance(flag, Flag)]
    assert sorted(flag.name for flag in named) == sorted(FLAGS)
    assert {flag.name: flag for flag in named} == FLAGS


def test_i17_keywords_in_python_are_the_flags_with_the_types_of_their_fields() -> None:
    fields = {flag.keyword: field for _, field in list_fields(RunConfig) if (flag := flag_of(field))}
    keywords = get_type_hints(api.Settings)
    for names in ("focus", "sandbox_packages"):
        assert keywords.pop(names) == Sequence[str], "any sequence is taken, and kept as a tuple"
        assert fields.pop(names).annotation == tuple[str, ...]
    assert keywords == {name: field.annotation for name, field in fields.items()}


def test_i18_help_shows_the_choices_that_a_field_has() -> None:
    for _, field in list_fields(RunConfig):
        flag = flag_of(field)
        if flag is not None and get_origin(field.annotation) is Literal:
            assert tuple(flag.metavar.split("|")) == get_args(field.annotation)


def test_i19_a_default_in_words_stands_only_for_one_that_says_nothing() -> None:
    for _, field in list_fields(RunConfig):
        flag = flag_of(field)
        if flag is not None:
            silent = field.default in ("", ()) and NoneType not in get_args(field.annotation)
            assert bool(flag.default) == silent, flag.name


# ── optimizers ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Steps(BaseModel):
    most: int = 3


class HillClimb:
    """An optimizer of another package."""

    class Config(OptimizerConfig):
        method: Literal["hill"] = "hill"
        height: int
        steps: Steps | None = None
        slopes: Mapping[str, float] = {}


@pytest.fixture
def hill(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("hill", f"{__name__}:HillClimb", "maspo.optimizers"),
        EntryPoint("broken", f"{__name__}:Nowhere", "maspo.optimizers"),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda **asked: EntryPoints(points).select(**asked))


FOREIGN: list[tuple[str, dict[str, object], list[str], dict[str, str], str, str, str]] = [
    # maspo.toml, flags, --set, environment; the error's place, its setting with the owner, and what chose the optimizer
    ("", {}, ["search.refresh=true"], {}, "--set search.refresh", "refresh ascent", "race is chosen by default"),
    ("", {"profile": "paper"}, ["search.stages=[3]"], {}, "--set search.stages", "stages race", "ascent .* --profile"),
    ("", {}, ["search.stages=[3]"], {"MASPO_PROFILE": "paper"}, "--set", "stages race", "ascent .* MASPO_PROFILE"),
    ("[search]\nscoring = 'centred'", {}, [], {}, r"maspo\.toml: search\.scoring", "scoring ascent", "race .* default"),
    ("[search]\nblocks = 2", {"profile": "paper"}, [], {}, r"maspo\.toml: search\.blocks", "blocks race", "--profile"),
    (
        "profile = 'paper'\nsearch.blocks = 2",
        {},
        [],
        {},
        "maspo.toml",
        "blocks race",
        r"ascent .* maspo\.toml: profile",
    ),
    ("search.method = 'ascent'", {}, ["search.blocks=2"], {}, "--set", "blocks race", r"maspo\.toml: search\.method"),
    ("[search]\nblocks = 2", {}, ["search.method=ascent"], {}, "maspo.toml", "blocks race", r"--set search\.method"),
    ("", {}, ['search={"method": "ascent", "blocks": 2}'], {}, "--set", "blocks race", r"--set search\.method"),
    ("[search]\nrefresh = true", {"profile": "paper"}, ["search.method=race"], {}, "maspo", "refresh ascent", "--set"),
    ("", {}, ["search.height=3"], {}, "--set search.height", "height hill", "race .* default"),
]


@pytest.mark.usefixtures("hill")
@pytest.mark.parametrize(("toml", "flags", "sets", "environ", "place", "setting", "chosen"), FOREIGN)
def test_i20_a_setting_of_another_optimizer_is_refused_with_whose_it_is_and_what_chose_the_one_in_use(
    toml: str, flags: dict[str, object], sets: list[str], environ: dict[str, str], place: str, setting: str, chosen: str
) -> None:
    Path("maspo.toml").write_text(toml)
    with pytest.raises(ConfigInvalid) as error:
        config(flags, sets, environ)
    name, owner = setting.split()
    expected = rf"^{place}.*: search\.{name} is a setting of search\.method={owner}, and .*{chosen}.*; "
    assert re.search(expected + rf"leave it out, or choose search\.method={owner}$", str(error.value)), error.value


def test_i21_a_config_in_python_refuses_it_too_also_when_the_profile_chooses() -> None:
    with pytest.raises(
        ConfigInvalid, match=r"search\.method=ascent, and race is chosen by profile default; leave it out"
    ):
        RunConfig.model_validate({"search": {"scoring": "centred"}})
    with pytest.raises(
        ConfigInvalid, match=r"search\.method=race, and ascent is chosen by profile paper; leave it out"
    ):
        RunConfig.model_validate({"profile": "paper", "search": {"stages": [3]}})
    with pytest.raises(
        ConfigInvalid, match=r"search\.method=race, and ascent is chosen by search\.method; leave it out"
    ):
        search_of("cheap", {"method": "ascent", "stages": [3]})


@pytest.mark.parametrize("profile", list(PROFILES))
def test_i22_a_config_means_its_profile_and_settings_stand_over_it(profile: str) -> None:
    found = RunConfig.model_validate({"profile": profile})
    assert found == config({"profile": profile})
    over = RunConfig.model_validate({"profile": profile, "search": {"passes": 2}})
    assert over.search == found.search.model_copy(update={"passes": 2})
    assert RunConfig.model_validate(over.model_dump(by_alias=True)) == over


@pytest.mark.parametrize("method", ["sprint", "", "RACE", None, 3, ["race"]])
def test_i23_an_unknown_optimizer_is_refused_with_those_that_there_are(method: object) -> None:
    with pytest.raises(ConfigInvalid) as error:
        configure.configure([configure.Setting(("search", "method"), method, "--set search.method")])
    assert str(error.value).startswith("--set search.method: ")
    assert str(error.value).endswith(f" is given; expected one of: {', '.join(OPTIMIZERS.names())}")


@pytest.mark.usefixtures("hill")
def test_i24_an_optimizer_of_another_package_is_set_like_our_own() -> None:
    Path("maspo.toml").write_text("[search]\nmethod = 'hill'\nheight = 1\n[search.steps]\nmost = 4")
    found = config(sets=["search.height=2", "search.slopes.gpt-4.1=0.5", 'search.slopes={"north.east": 1}']).search
    expected = {"height": 2, "steps": {"most": 4}, "slopes": {"gpt-4.1": 0.5, "north.east": 1.0}}
    assert found.model_dump() == {"method": "hill", **expected}
    with pytest.raises(ConfigInvalid, match=r'^--set search\.height: "high" is given; expected a whole number$'):
        config(sets=["search.height=high"])
    with pytest.raises(ConfigInvalid, match=r"did you mean 'search\.slopes'\?$"):
        config(sets=["search.slope.a=1"])
    Path("maspo.toml").unlink()
    with pytest.raises(ConfigInvalid, match=r"^search\.height: nothing is given, .* such as --set search\.height=…$"):
        config(sets=["search.method=hill"])


@pytest.mark.parametrize("part", ["judge", "runner", "proposer"])
def test_i25_options_of_a_part_are_tables_of_any_depth(part: str) -> None:
    Path("maspo.toml").write_text(f"[{part}.options]\nscale = 5\n[{part}.options.limits]\nlow = 1\nhigh = 2")
    sets = [f"{part}.options.limits.high=3", f"{part}.options.empty={{}}", f"{part}.options.names=[1, 2]"]
    options = config(sets=sets).model_dump()[part]["options"]
    assert options == {"scale": 5, "limits": {"low": 1, "high": 3}, "empty": {}, "names": [1, 2]}
    assert config(sets=[f"{part}.options.limits=none"]).model_dump()[part]["options"]["limits"] == "none"
    Path("maspo.toml").write_text(f"{part}.options.limits = 1")
    assert config(sets=sets[:1]).model_dump()[part]["options"] == {"limits": {"high": 3}}


# ── Python ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_i26_settings_by_keyword_win_over_the_config_and_leave_the_rest_of_it() -> None:
    base = RunConfig.model_validate(
        {
            "profile": "cheap",
            "seed": 4,
            "search": {"passes": 2},
            "models": {"agent": "a", "prices": {"m.1": [1, 2]}},
            "judge": {"options": {"deep": {"er": {}}, "none": None}},
            "caps": {"usd": 3, "calls": 5},
        }
    )
    assert api.configured(base, {}) == base
    found = api.configured(base, {"agent_model": "b", "max_usd": None, "focus": ["x", "y"], "concurrency": 2})
    models = base.models.model_copy(update={"agent": "b", "concurrency": 2})
    caps = base.caps.model_copy(update={"usd": None})
    assert found == base.model_copy(update={"models": models, "caps": caps, "focus": ("x", "y")})
    assert api.configured(RunConfig(seed=2), {"profile": "paper"}) == RunConfig(seed=2, profile="paper")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_usd": 0}, r"^max_usd: 0 is given; expected more than 0$"),
        ({"ship_if": "maybe"}, r"""^ship_if: "maybe" is given; expected 'likely', 'better' or 'proven'$"""),
        ({"profile": "fast"}, r'^profile: "fast" is given; expected one of: default, cheap'),
        ({"dollars": 3}, r"^dollars: no such setting; expected one of profile, seed"),
        ({"max_cals": 3}, r"^max_cals: no such setting; did you mean max_calls\? All are profile, seed"),
        ({"seed": "x", "max_calls": 0}, r"^seed: .* whole number\nmax_calls: 0 is given; expected at least 1$"),
    ],
)
def test_i27_a_keyword_that_cannot_be_used_is_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        api.configured(RunConfig(), settings)


def test_i28_a_profile_by_keyword_does_not_undo_a_search_that_the_config_sets() -> None:
    base = RunConfig(search=CoordinateAscentConfig(passes=1))
    with pytest.raises(
        ConfigInvalid, match=r"^profile: 'cheap' is given, and config sets the search already; say both"
    ):
        api.configured(base, {"profile": "cheap"})
    assert api.configured(base, {"seed": 1}).search is base.search


def test_i29_a_rubric_is_a_file_on_the_command_line_and_a_text_elsewhere() -> None:
    Path("mine.txt").write_text("Names a sum.\n")
    Path("other.txt").write_text("Is short.")
    Path("maspo.toml").write_text("[judge]\nrubric = 'Is polite.'\n")
    assert config().judge.rubric == "Is polite."
    environ = {"MASPO_RUBRIC": "other.txt"}
    assert config(environ=environ).judge.rubric == "Is short."
    assert config({"rubric": "mine.txt"}, environ=environ).judge.rubric == "Names a sum."
    assert config({"rubric": "mine.txt"}, ["judge.rubric=mine.txt"]).judge.rubric == "mine.txt"
    assert api.configured(RunConfig(), {"rubric": "Names a sum."}).judge.rubric == "Names a sum."


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b" \n", "is empty"), (b"\xff\xfe\xfd", "UTF-8")]
)
def test_i30_a_rubric_that_cannot_be_read_is_refused_where_it_was_given(content: bytes | None, said: str) -> None:
    if content is not None:
        Path("mine.txt").write_bytes(content)
    with pytest.raises(ConfigInvalid, match=said) as caught:
        config({"rubric": "mine.txt"})
    assert "--rubric mine.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("told", "in_code"),
    [
        ("go on with `maspo resume runs/a`, or give another folder", "`maspo.resume('runs/a')`"),
        ("`maspo resume 'my run' --max-calls 900` goes on with it", "`maspo.resume('my run', max_calls=900)`"),
        ("all is saved; go on with: maspo resume a --trust f00", "go on with: maspo.resume('a', trust='f00')"),
        ("(`maspo resume` with --max-calls, for example)", "(`maspo.resume` with max_calls, for example)"),
        ("`maspo steer a approve solver` decides", "`maspo steer a approve solver`"),
    ],
)
def test_i33_whoever_calls_from_python_is_told_to_go_on_from_python(told: str, in_code: str) -> None:
    assert in_code in in_python(told)
