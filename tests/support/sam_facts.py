"""Facts of SAM and CloudFormation, printed as JSON by a Python that has SAM.

SAM lives in an environment of its own: only this program imports SAM, and nothing
imports this program. Arguments are parameters of the template, as `EnableApi=true`.
"""

import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path

import boto3
from samcli.lib.bootstrap.bootstrap import SAM_CLI_STACK_NAME, _get_stack_template
from samcli.lib.bootstrap.companion_stack.data_types import CompanionStack, ECRRepo
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

STACKS = ("waveflow", "waveflow-dev", "waveflow-prod")
IMAGE = "111122223333.dkr.ecr.ap-northeast-2.amazonaws.com/image:tag"
SCHEMAS = files("cfnlint") / "data/schemas"
# Modules of SAM that `sam deploy` calls CloudFormation and ECR with.
DEPLOYING = (
    *("lib/deploy/deployer.py", "lib/bootstrap/bootstrap.py"),
    "lib/bootstrap/companion_stack/companion_stack_manager.py",
    *("lib/package/ecr_uploader.py", "lib/utils/managed_cloudformation_stack.py"),
)
CALL = re.compile(r"client\.(\w+)\(|get_paginator\(\"(\w+)\"\)")


class NoPolicies:
    """Loader of AWS's own managed policies, of which the template names none."""

    def load(self):
        """Return no policy."""
        return {}


def translation(parameters):
    """Return the template as SAM deploys it, with images and machine uploaded."""
    document = yaml_parse(Path("template.yaml").read_text("utf-8"))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = IMAGE
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://bucket/key"
    return transform(document, parameters, NoPolicies())


def names(functions):
    """Return the companion stack and the repositories of each stack."""
    return {
        stack: {
            "companion": CompanionStack(stack).stack_name,
            "repositories": [
                ECRRepo(CompanionStack(stack), name).physical_id for name in functions
            ],
        }
        for stack in STACKS
    }


def permissions(kinds):
    """Return the actions that the handlers of resource types call, by type."""
    index = json.loads((SCHEMAS / "providers/ap-northeast-2.json").read_text("utf-8"))
    found = {}
    for kind in kinds:
        text = (SCHEMAS / f"resources/{index[kind]}.json").read_text("utf-8")
        handlers = json.loads(text)["handlers"]
        found[kind] = sorted(
            {
                action
                for name, handler in handlers.items()
                if name != "list"  # of a whole account; no deployment asks
                for action in handler["permissions"]
            }
        )
    return found


def calls():
    """Return the actions that SAM's own code names, of CloudFormation and ECR."""
    texts = [(files("samcli") / name).read_text("utf-8") for name in DEPLOYING]
    words = {w for text in texts for pair in CALL.findall(text) for w in pair}
    return [
        f"{service}:{action}"
        for service in ("cloudformation", "ecr")
        for word, action in boto3.client(service).meta.method_to_api_mapping.items()
        if word in words
    ]


def main():
    """Print what the tests ask of SAM."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "ap-northeast-2")
    document = translation(dict(each.split("=", 1) for each in sys.argv[1:]))
    resources = document["Resources"]
    functions = [
        name
        for name, own in resources.items()
        if own["Type"] == "AWS::Lambda::Function"
    ]
    kinds = {own["Type"] for own in resources.values()} | {"AWS::ECR::Repository"}
    managed = json.loads(_get_stack_template())["Resources"].values()
    facts = {
        "resources": resources,
        "stacks": names(functions),
        "calls": calls(),
        "managed": SAM_CLI_STACK_NAME,
        "permissions": permissions(kinds | {own["Type"] for own in managed}),
    }
    json.dump(facts, sys.stdout, default=str)


if __name__ == "__main__":
    main()
