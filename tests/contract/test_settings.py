"""Parameters of a stack are bounded, explained, and reach the code."""

import re
from typing import Any

import pytest
from support.stack import ROOT, Stack, changed, load
from waveflow.events.fields import RESERVED_PREFIXES

DOCUMENT = load()
PARAMETERS = DOCUMENT["Parameters"]
CODE = ROOT / "layers/waveflow/src/waveflow"
# MUST finds a variable that the code cannot do without, MAY an optional variable.
MUST = r"""(?:env|environment)\[\s*"(\w+)\""""
MAY = r"""(?:env|environment)\.get\(\s*"(\w+)\""""
LIBRARIES = ("POWERTOOLS_", "AWS_LWA_")
API_ON = {
    "EnableApi": "true",
    "ApiTokenIssuer": "https://id.example.com/",
    "ApiTokenKeysUrl": "https://id.example.com/keys.json",
}
ARN = "arn:aws:secretsmanager:ap-northeast-2:111122223333:secret:"
# Values that a parameter's pattern allows, each other than the default.
OTHERS = {
    "WebhookUrl": "https://hooks.example.com/v1",
    "WebhookAllowedCidrs": "10.0.0.0/8",
    "ServerRoleName": "server",
    "ExistingBucketName": "mine",
    "UploadOrigins": "https://app.example.com",
    "AllowedPrefixes": "a/,b/c/",
    "ZoomLevels": "256,1024",
    "NotifySubnetIds": "subnet-0123456789abcdef0",
    "NotifySecurityGroupIds": "sg-0123456789abcdef0",
    "Release": "abcdef012345",
    "AlarmEmail": "operator@example.com",
    "ApiTokenIssuer": "https://other.example.com/",
    "ApiTokenKeysUrl": "https://other.example.com/keys.json",
    "ApiTokenAudience": "waveflow",
    "ApiCorsOrigins": "https://app.example.com",
    "ApiExternalSecretArn": f"{ARN}external-AbCdEf",
}


def made(document: dict[str, Any], **parameters: str) -> str:
    """Return a stack's resources as text, with the API on and notify in a VPC."""
    network = {"NotifySubnetIds": "subnet-00000000"}
    stack = Stack(document, **{**API_ON, **network, **parameters})
    return str([stack.resources, stack.globals])


def another(name: str) -> str:
    """Return a value of a parameter that is allowed and is not its default."""
    own = PARAMETERS[name]
    allowed = [*own.get("AllowedValues", []), own.get("MinValue"), own.get("MaxValue")]
    others = [str(each) for each in allowed if each not in {None, own["Default"]}]
    return OTHERS.get(name) or others[-1]


def unused(document: dict[str, Any]) -> set[str]:
    """Return the parameters whose value changes nothing of a stack or is absent."""
    found = set()
    for name, own in PARAMETERS.items():
        value = another(name)
        other = made(document, **{name: value})
        usual = made(document, **{name: str(own["Default"])})
        shown = name not in OTHERS or value.partition(",")[0] in other
        if other == usual or not shown:
            found.add(name)
    return found


def unread(document: dict[str, Any]) -> set[str]:
    """Return the variables on which code and template disagree."""
    stack = Stack(document, **API_ON)
    stages, api = (
        (CODE / f"{room}bootstrap.py").read_text("utf-8") for room in ("", "api/")
    )
    given = dict(stack.globals["Environment"]["Variables"])
    missed = {*re.findall(MUST, stages)} - {*given}
    given |= stack.properties("ApiFunction")["Environment"]["Variables"]
    missed |= {*re.findall(MUST, api)} - {*given}
    known = {*re.findall(MUST, stages + api), *re.findall(MAY, stages + api)}
    foreign = {each for each in given if not each.startswith(LIBRARIES)} - known
    wanted = {
        name: stack.parameters.get(name.title().replace("_", ""), value)
        for name, value in given.items()
    }
    wrong = {name for name, value in given.items() if value != wanted[name]}
    return missed | foreign | wrong | ({"WAVEFLOW_LOCAL"} & {*given})


def unfilled(document: dict[str, Any]) -> set[str]:
    """Return the machine's placeholders that template or machine lacks."""
    own = Stack(document).properties("Machine")
    text = (ROOT / own["DefinitionUri"]).read_text("utf-8")
    return {*re.findall(r"\$\{(\w+)\}", text)} ^ {*own["DefinitionSubstitutions"]}


QUESTIONS = (unused, unread, unfilled)
VARIABLES = "Globals/Function/Environment/Variables"
OWN = "Resources/ApiFunction/Properties/Environment/Variables"
SUBSTITUTED = "Resources/Machine/Properties/DefinitionSubstitutions"
RULE = "Resources/Bucket/Properties/LifecycleConfiguration/Rules/0"
BREAKS: list[tuple[Any, str, Any]] = [
    (unused, f"{RULE}/NoncurrentVersionExpiration/NoncurrentDays", 1),
    (unused, "Resources/Bucket/Properties/CorsConfiguration", ...),
    (unused, "Resources/WaveformFunction/Properties/MemorySize", 128),
    (unused, "Resources/ServerPolicy/Properties/Roles", ...),
    (unused, "Resources/RefusedJobsAlarm/Properties/Threshold", 1_000_000),
    (unused, "Globals/Function/ReservedConcurrentExecutions", ...),
    (unread, f"{VARIABLES}/WAVEFLOW_LOCAL", "1"),
    (unread, f"{VARIABLES}/DEDUPE_MODE", "delete_all"),
    (unread, f"{VARIABLES}/ZOOM_LEVELS", "256"),
    (unused, f"{VARIABLES}/AUDIO_ID", ...),
    (unread, f"{VARIABLES}/BUCKET_NAME", ...),
    (unread, f"{VARIABLES}/BUKET_NAME", "a word nobody reads"),
    (unread, f"{OWN}/API_TOKEN_KEYS", ...),
    (unread, f"{OWN}/API_TOKEN_ISSUER", "https://anybody.example.com/"),
    (unfilled, f"{SUBSTITUTED}/Release", ...),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_set_reaches_what_reads_it(question: Any):
    """A setting without effect misleads the operator who changes the setting."""
    assert question(DOCUMENT) == set()


@pytest.mark.parametrize(
    ("question", "way", "value"), BREAKS, ids=[way for _, way, _ in BREAKS]
)
def test_a_setting_that_is_lost_is_noticed(question: Any, way: str, value: Any):
    """A check of settings that cannot fail would guard nothing."""
    assert question(changed(DOCUMENT, way, value)) != set()


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_bounded_and_explained(name: str):
    """An operator who deploys sees only this description and these bounds."""
    own = PARAMETERS[name]
    bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & {*own}

    assert bounds
    assert ("MinValue" in own) == ("MaxValue" in own)
    assert re.fullmatch(r"[A-Z].{20,}\.", own["Description"])


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_keeps_its_bounds(name: str):
    """`sam deploy` without any parameter must not be refused."""
    own, value = PARAMETERS[name], str(PARAMETERS[name]["Default"])

    assert re.fullmatch(own.get("AllowedPattern", ".*"), value)
    assert value in {str(each) for each in own.get("AllowedValues", [value])}
    assert own.get("MinValue", 0) <= int(value if "MinValue" in own else 0)
    assert int(value if "MaxValue" in own else 0) <= own.get("MaxValue", 0)


@pytest.mark.parametrize(
    "prefixes",
    [
        *("", "a", "/", "*/", "a/*/", "a/,", "a/b", "../a/ ", "a//", "${x}/"),
        *("waveforms/", "a/,mixed/", "dedupe/", "previews/", "a/,comparisons/b/"),
        "a/,b/,c/,d/,e/,f/,g/",
    ],
)
def test_a_prefix_that_reads_too_much_is_refused(prefixes: str):
    """A role must never read a wildcard, an unnamed prefix or the output prefixes."""
    assert not re.fullmatch(PARAMETERS["AllowedPrefixes"]["AllowedPattern"], prefixes)


@pytest.mark.parametrize("prefix", RESERVED_PREFIXES)
@pytest.mark.parametrize("form", ["{}", "a/,{}", "{},a/", "a/b/,{}c/"])
def test_uploads_are_never_read_where_outputs_are_written(prefix: str, form: str):
    """An output that is taken for an upload could be deleted as a duplicate."""
    pattern = PARAMETERS["AllowedPrefixes"]["AllowedPattern"]

    assert not re.fullmatch(pattern, form.format(prefix))
    assert re.fullmatch(pattern, form.format(f"a-{prefix}"))


LEVELS = ["", "64", "65536", "256,1024,4096", "64,128", "99,990,9900", "100,1000,10000"]
NO_LEVELS = ["63", "65537", "0256", "256.0", "256, 1024", "256,", ",256", "-64", "1e3"]
NO_LEVELS += ["70000", "64,63", "64,128,256,512", "all", "256;1024", "256,,1024"]


@pytest.mark.parametrize("levels", [*LEVELS, *NO_LEVELS])
def test_a_list_of_zoom_levels_is_bounded(levels: str):
    """A level that no message may ask for would spoil the zoom of every upload."""
    allowed = re.fullmatch(PARAMETERS["ZoomLevels"]["AllowedPattern"], levels)

    assert bool(allowed) == (levels in LEVELS)


def test_nothing_is_drawn_or_identified_unless_an_operator_asks():
    """An update of the stack must not change what servers of today receive."""
    variables = Stack(DOCUMENT).globals["Environment"]["Variables"]

    assert (variables["ZOOM_LEVELS"], variables["AUDIO_ID"]) == ("", "off")


@pytest.mark.parametrize("secret", ["*", "external", "external-AbCde?", "a-AbCdEf,b"])
def test_a_secret_that_names_no_single_secret_is_refused(secret: str):
    """A wildcard would let the API read the webhook secret after all."""
    pattern = PARAMETERS["ApiExternalSecretArn"]["AllowedPattern"]

    assert re.fullmatch(pattern, f"{ARN}external-AbCdEf")
    assert not re.fullmatch(pattern, f"{ARN}{secret}")


def test_an_existing_bucket_is_used_and_left_as_it_is():
    """An operator's own bucket must keep its own policy and lifecycle."""
    stack = Stack(DOCUMENT, ExistingBucketName="mine")

    assert not {"Bucket", "BucketPolicy"} & {*stack.resources}
    assert stack.globals["Environment"]["Variables"]["BUCKET_NAME"] == "mine"


def test_a_rule_uses_what_cloudformation_allows_in_rules():
    """CloudFormation refuses other functions in Rules, and cfn-lint does not notice."""
    named = {*re.findall(r"Fn::\w+", str(DOCUMENT["Rules"]))}

    assert named <= {"Fn::And", "Fn::EachMemberEquals", "Fn::Equals", "Fn::Not"}


def test_the_api_needs_whoever_issues_its_tokens():
    """A public API without a token issuer could not tell one user from another."""
    [*needed] = DOCUMENT["Rules"]["ApiNeedsTokens"]["Assertions"]

    assert "ApiTokenIssuer" in str(needed[0]["Assert"])
    assert "ApiTokenKeysUrl" in str(needed[1]["Assert"])


def test_the_pages_and_the_commands_find_the_outputs_that_they_name():
    """A page or command that names a missing output fails an operator at night."""
    texts = [(ROOT / f"docs/{page}.md").read_text() for page in ("deploy", "runbook")]
    texts += [path.read_text() for path in (ROOT / "local/src").rglob("ops/stack.py")]
    named = re.findall(r"""\$\(out (\w+)\)|outputs\["(\w+)"\]""", " ".join(texts))
    outputs = Stack(DOCUMENT, **API_ON).outputs

    assert {name for pair in named for name in pair if name} <= {*outputs}
    for name in ("QueueUrl", "BucketName", "WebhookSecretArn", "MachineAliasArn"):
        assert name.startswith(outputs[name].removesuffix("live"))


def test_a_configuration_names_only_parameters_that_exist():
    """SAM passes unknown parameter names on, and the deployment fails late."""
    text = (ROOT / "samconfig.toml").read_text("utf-8")

    assert {*re.findall(r'"(\w+)=', text)} <= {*PARAMETERS}
