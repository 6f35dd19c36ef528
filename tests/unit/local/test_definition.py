"""Check that loading the machine replaces placeholders and nothing else."""

import json

import pytest
from waveflow_local.engine.definition import load_definition
from waveflow_local.engine.template import Template
from waveflow_local.paths import LocalError, Project


def test_names_are_substituted_and_nothing_else(tmp_path):
    """A loader that changed a retry would test a machine that is not deployed."""
    path = tmp_path / "machine.json"
    path.write_text(
        '{"a": "${One}", "Retry": [{"IntervalSeconds": 60}], "b": "${ x }"}'
    )

    machine = json.loads(load_definition(path, {"One": "1"}))

    assert machine == {"a": "1", "Retry": [{"IntervalSeconds": 60}], "b": "${ x }"}


def test_a_name_that_the_template_lacks_is_told(tmp_path):
    """An unreplaced placeholder would reach Step Functions on AWS as text."""
    path = tmp_path / "machine.json"
    path.write_text('{"a": "${Nope}"}')

    with pytest.raises(LocalError, match="Nope"):
        load_definition(path, {})


def test_a_definition_that_is_no_json_is_told(tmp_path):
    """A developer with a broken machine file gets one sentence, no traceback."""
    path = tmp_path / "machine.json"
    path.write_text("{")

    with pytest.raises(LocalError, match="is not JSON"):
        load_definition(path, {})


def test_the_projects_machine_loads():
    """A placeholder that the template does not fill would break every deployment."""
    template = Template.read(Project().template, {"VerdictTimeoutSeconds": "60"})
    substitutions = template.property("Machine", "DefinitionSubstitutions")
    path = Project().file(template.property("Machine", "DefinitionUri"))

    machine = json.loads(load_definition(path, substitutions))

    assert "${" not in json.dumps(machine)
