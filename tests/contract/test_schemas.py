"""The published schemas are the models, nothing older and nothing else."""

import pytest
from waveflow_local.json_schemas import FOLDER, schemas, text_of


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_published_schema_is_what_the_model_says(name):
    """A server is written against docs/schemas, so they must not fall behind.

    `python -m waveflow_local.json_schemas` writes them again.
    """
    published = (FOLDER / f"{name}.json").read_text("utf-8")

    assert published == text_of(schemas()[name])


def test_every_published_schema_has_a_model():
    """A schema of something that is gone would be a promise nobody keeps."""
    published = {path.stem for path in FOLDER.glob("*.json")}

    assert published == set(schemas())
