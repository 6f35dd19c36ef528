"""What arrives may be the only copy: it is kept, whatever happened before."""

from support.world import wav


def key_of(world, told):
    """Return the key of a job's audio."""
    return told["s3_url"].removeprefix(f"s3://{world.bucket}/")


def test_bytes_whose_object_is_gone_are_stored_again(api, world):
    """A document without its audio is no reason to drop the audio that arrives."""
    body = wav(seed=460)
    first = api.upload(body)
    lost = key_of(world, api.wait(first["job_id"]))
    world.s3.delete_object(Bucket=world.bucket, Key=lost)

    again = api.upload(body)

    assert again["cached"] is False
    assert world.read(key_of(world, api.wait(again["job_id"]))) == body


def test_bytes_whose_object_is_another_now_are_stored_again(api, world):
    """An object of another size under the key is not the file that arrived."""
    body = wav(seed=461)
    first = api.upload(body)
    key = key_of(world, api.wait(first["job_id"]))
    world.put(key, b"overwritten")

    again = api.upload(body)

    assert again["cached"] is False
    assert world.read(key_of(world, api.wait(again["job_id"]))) == body
