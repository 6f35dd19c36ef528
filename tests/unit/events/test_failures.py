"""Errors as Step Functions names them, told by code and sentence."""

from waveflow.events.failures import code_of, sentence_of


def test_a_function_that_stayed_asleep_is_told_in_words_of_the_reader():
    """A musician can do nothing with Lambda's own text of services and request ids."""
    error = "Lambda.CodeArtifactUserPendingException"
    cause = "The function is asleep. (Service: Lambda, Request ID: 1, Proxy: null)"

    told = sentence_of({"Error": error, "Cause": cause})

    assert told == "A function of WaveFlow was not ready for five minutes."
    assert code_of(error) == "RESOURCE_LIMIT"
