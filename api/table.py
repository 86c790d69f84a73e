"""All routes of the API."""

from . import routes_market, routes_risk, routes_schedule, routes_sim, routes_system, routes_trading
from .route import Route

ROUTES: tuple[Route, ...] = (
    *routes_market.ROUTES,
    *routes_trading.ROUTES,
    *routes_risk.ROUTES,
    *routes_schedule.ROUTES,
    *routes_sim.ROUTES,
    *routes_system.ROUTES,
)
