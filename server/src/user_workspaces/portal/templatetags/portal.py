"""Template tags and filters for icons, branding, times, file names and sizes."""

import re
from datetime import datetime

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.file_names import escape_controls
from user_workspaces.interfaces.settings import Branding
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.sharing.queries import count_unanswered

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
NBSP = "\N{NO-BREAK SPACE}"
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that change the writing direction: with them `txt.exe` can look like `exe.txt`."""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon of the sprite; without a label it is hidden from screen readers."""
    sprite = static("uws/icons.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, sprite, name
        )
    return format_html('<svg class="icon icon-{}" aria-hidden="true"><use href="{}#{}"/></svg>', name, sprite, name)


@register.simple_tag
def branding() -> Branding:
    """Return the branding of this server."""
    return registry.site().branding


@register.simple_tag
def site_name() -> str:
    """Return the name of this server for page titles."""
    return registry.site().branding.name or "Workspaces"


@register.simple_tag
def logo_url() -> str:
    """Return the URL of the logo; empty if there is none."""
    own = registry.site().branding
    return own.logo_url or (reverse("portal:logo") if own.logo else "")


@register.simple_tag(takes_context=True)
def terms_url(context: template.Context) -> str:
    """Return the URL of the terms of use, absolute on status pages at a session's origin; empty if there are none."""
    own = registry.site().branding
    return own.terms_url or (f"{context.get('portal', '')}{reverse('portal:terms')}" if own.terms else "")


@register.simple_tag
def unanswered_offers(user: User) -> int:
    """Count the shares that the user has neither accepted nor declined."""
    return count_unanswered(user)


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Format the time since a moment, with the exact time on hover."""
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    text = "just now" if seconds < MINUTE else f"{rough(seconds)} ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), text)


@register.filter
def ticking(moment: datetime | None) -> SafeString | str:
    """Format the time since a moment in minutes; the page's script adds the running seconds."""
    if moment is None:
        return ""
    # Whole minutes: with seconds, each poll would find a changed fragment and replace it.
    text = precise(int((timezone.now() - moment).total_seconds()) // MINUTE * MINUTE)
    return format_html('<time datetime="{}" title="{}" data-ticking>{}</time>', moment.isoformat(), exact(moment), text)


@register.filter
def duration(seconds: int | None) -> str:
    """Format a duration in minutes: `2 h 10 min`."""
    return "" if seconds is None else precise(seconds)


@register.filter
def span(start: datetime | None, end: datetime | None) -> str:
    """Format the time between two moments."""
    if start is None or end is None:
        return ""
    seconds = max(0, int((end - start).total_seconds()))
    return f"{seconds}{NBSP}s" if seconds < MINUTE else precise(seconds)


@register.filter
def visible(name: str) -> str:
    """Replace the invisible characters of a file name."""
    return INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", name)


@register.filter
def sendable(path: str) -> str:
    """Escape a path for a form field, in which browsers would change line breaks."""
    return escape_controls(path)


@register.filter
def size(number: int) -> str:
    """Format a number of bytes."""
    return size_text(number).replace(" ", NBSP)


def exact(moment: datetime) -> str:
    """Return the full time in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def precise(seconds: int) -> str:
    """Return days and hours, or hours and minutes."""
    if seconds < MINUTE:
        return "less than a minute"
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    if hours >= DAY // HOUR:
        return f"{hours // 24}{NBSP}d {hours % 24}{NBSP}h"
    return f"{hours}{NBSP}h {minutes}{NBSP}min" if hours else f"{minutes}{NBSP}min"


def rough(seconds: int) -> str:
    """Return the number of the largest unit only."""
    if seconds < HOUR:
        return f"{seconds // MINUTE}{NBSP}min"
    if seconds < DAY:
        return f"{seconds // HOUR}{NBSP}h"
    days = seconds // DAY
    return f"{days}{NBSP}day{'s' if days != 1 else ''}"
