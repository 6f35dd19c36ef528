"""Define the options that several ops commands have."""

import click

stack_option = click.option(
    "--stack",
    default="waveflow",
    envvar="WAVEFLOW_STACK",
    show_envvar=True,
    help="CloudFormation stack, or `local` for the engine of `waveflow up`.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done.")
