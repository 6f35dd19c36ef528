"""Settings of the HTTP API that its services refuse."""

import pytest
from waveflow.api.bootstrap import ApiServices
from waveflow.errors import InternalError


@pytest.mark.parametrize("prefixes", ["users/", "a/,my-audio/", "audio/mine/"])
def test_an_api_whose_uploads_no_stage_may_read_starts_no_job(prefixes):
    """Each upload would be stored, and then end as INVALID_MESSAGE of its job."""
    services = ApiServices({"ALLOWED_PREFIXES": prefixes, "BUCKET_NAME": "bucket"})

    with pytest.raises(InternalError, match="audio/"):
        _ = services.jobs
