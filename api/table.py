"""All routes of the API."""

from . import routes_market, routes_system
from .route import Route

ROUTES: tuple[Route, ...] = (*routes_market.ROUTES, *routes_system.ROUTES)
