"""The `tandem` command."""

import click


@click.group()
def main() -> None:
    """Keep account fields in step between Salesforce and HubSpot."""
