"""Puts a world together: the only place that picks the concrete services."""

from sandbox.app import App
from sandbox.dataverse import Dataverse
from sandbox.pages import create_pages
from sandbox.partner_center import PartnerCenter
from sandbox.rest_provider import RestProvider
from sandbox.webhooks.desk import Desk
from sandbox.world import World


def assemble(world: World) -> App:
    """Attach the services to a world and return the application that serves it."""
    world.attach(Dataverse(world), PartnerCenter(world, Desk(world)), RestProvider(world))
    return App(world, create_pages(world))
