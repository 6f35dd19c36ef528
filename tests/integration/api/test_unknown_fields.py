"""Fields that the API would ignore are refused by name, wherever they stand."""

import pytest
from support.http_api import begin, code
from support.world import wav

UNKNOWN = "00000000-0000-8000-8000-000000000000"
QUERIES = [
    ("POST", "/tokens/t/upload-audio", "num_peak"),
    ("POST", "/tokens/t/upload-audio", "zoom_level"),
    ("POST", "/tokens/t/mix", "verdict"),
    ("POST", "/tokens/t/uploads", "num_peaks"),
    ("POST", "/tokens/webhook/analysis-complete?job_id=x", "jobid"),
    ("GET", f"/tokens/analysis-result/{UNKNOWN}", "verbose"),
    ("GET", f"/tokens/analysis-progress/{UNKNOWN}", "job_id"),
    ("GET", f"/tokens/analysis-progress?job_id={UNKNOWN}", "job_ids"),
    ("GET", f"/tokens/analysis-audio/{UNKNOWN}", "donwload"),
    ("GET", f"/tokens/analysis-zoom/{UNKNOWN}/256", "as_json"),
]


@pytest.mark.parametrize(("method", "path", "name"), QUERIES)
def test_a_misspelt_query_field_is_refused_by_name(api, method, path, name):
    """A client that writes num_peak=800 would get 1000 peaks and never know why."""
    file = {"file": ("a.wav", wav(seed=540))} if "upload-audio" in path else None
    joint = "&" if "?" in path else "?"

    answer = api.client.request(method, f"{path}{joint}{name}=1", files=file)

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert answer.json()["detail"] == f"The request has an unknown {name}."


REPEATED = [
    ("POST", "/tokens/t/upload-audio?num_peaks=800&num_peaks=900", "num_peaks"),
    ("POST", "/tokens/t/upload-audio?analysis=true&analysis=true", "analysis"),
    ("POST", "/tokens/webhook/analysis-complete?job_id=a&job_id=b", "job_id"),
    ("GET", f"/tokens/analysis-audio/{UNKNOWN}?json=true&json=false", "json"),
    ("GET", f"/tokens/analysis-audio/{UNKNOWN}?download=1&download=0", "download"),
]


@pytest.mark.parametrize(("method", "path", "name"), REPEATED)
def test_a_query_field_that_comes_twice_is_refused_by_name(api, method, path, name):
    """Two values of one field: the server would take one, and nobody knows which."""
    file = {"file": ("a.wav", wav(seed=542))} if "upload-audio" in path else None

    answer = api.client.request(method, path, files=file)

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert answer.json()["detail"] == f"The request has a repeated {name}."


@pytest.mark.parametrize(
    "several", ["zoom_levels=256&zoom_levels=1024", "previews=mp3&previews=opus"]
)
def test_a_list_in_the_query_is_given_value_by_value(api, several):
    """OpenAPI writes a list as one query field for each value."""
    file = {"file": ("a.wav", wav(seed=543))}

    answer = api.client.post(f"/tokens/t/upload-audio?{several}", files=file)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["num_peak", "num_peaks_", "sizes", "Verdict"])
def test_a_misspelt_field_of_a_large_upload_is_refused_by_name(api, name):
    """A large upload is sent and drawn before a client could see the mistake."""
    answer = begin(api, 1000, **{name: 1})

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert answer.json()["detail"] == f"The request has an unknown {name}."


def test_a_misspelt_field_of_a_mix_is_refused_by_name(api):
    """A mix without its misspelt levels would sound wrong without a word."""
    asked = {"job_ids": ["a"], "stem": [], "mix": {"fromat": "wav24"}}

    answer = api.client.post("/tokens/t/mix", json=asked)

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert answer.json()["detail"] == "The request has an unknown mix.fromat, stem."


@pytest.mark.parametrize("after", [False, True])
def test_an_option_in_the_form_is_refused_by_name(api, after):
    """Options belong into the query; in the form they would change nothing."""
    parts = [("file", ("a.wav", wav(seed=541))), ("num_peaks", (None, "800"))]

    answer = api.client.post(
        "/tokens/t/upload-audio", files=parts if after else parts[::-1]
    )

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert "unknown field 'num_peaks'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "field",
    [
        {"size": True},
        {"size": "5"},
        {"size": 5.0},
        {"multipart": "true"},
        {"multipart": 1},
        {"analysis": "yes"},
        {"audio_id": 0},
        {"zoom_levels": ["256"]},
    ],
)
def test_a_field_of_another_json_type_is_refused(api, field):
    """`"size": true` would sign a form of one byte, at which S3 refuses the file."""
    [name] = field

    answer = begin(api, **{"size": 1000, **field})

    assert code(answer) == (422, "INVALID_MESSAGE")
    assert name in answer.json()["detail"]


def test_a_number_of_peaks_as_text_is_refused(api):
    """A body's numbers are numbers, and the code of `num_peaks` stays its own."""
    assert code(begin(api, 1000, num_peaks="800")) == (422, "INVALID_NUM_PEAKS")
    assert code(begin(api, 1000, num_peaks=True)) == (422, "INVALID_NUM_PEAKS")
