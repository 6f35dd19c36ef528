"""Published schemas in docs/schemas/ equal the models."""

import pytest
from waveflow_local.json_schemas import FOLDER, schemas, text_of


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_published_schema_is_what_the_model_says(name):
    """A developer writes a server against docs/schemas, which must match the models.

    `python -m waveflow_local.json_schemas` writes them again.
    """
    published = (FOLDER / f"{name}.json").read_text("utf-8")

    assert published == text_of(schemas()[name])


def test_every_published_schema_has_a_model():
    """A schema without a model would promise a message that nobody sends."""
    published = {path.stem for path in FOLDER.glob("*.json")}

    assert published == set(schemas())
