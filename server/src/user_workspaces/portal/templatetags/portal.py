"""How times, sizes and icons are written on the pages."""

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
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of writing: with them `txt.exe` can look like `exe.txt`."""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon of the sprite; without a label it is decoration and the words beside it speak."""
    sprite = static("uws/icons.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, sprite, name
        )
    return format_html('<svg class="icon icon-{}" aria-hidden="true"><use href="{}#{}"/></svg>', name, sprite, name)


@register.simple_tag
def branding() -> Branding:
    """Return whose server this is."""
    return registry.site().branding


@register.simple_tag
def site_name() -> str:
    """Return the name of this server for titles of pages."""
    return registry.site().branding.name or "Workspaces"


@register.simple_tag
def logo_url() -> str:
    """Return where the logo is, empty where there is none."""
    own = registry.site().branding
    return own.logo_url or (reverse("portal:logo") if own.logo else "")


@register.simple_tag(takes_context=True)
def terms_url(context: template.Context) -> str:
    """Return where the terms of use are, empty where there are none; notices at a session's origin name the portal."""
    own = registry.site().branding
    return own.terms_url or (f"{context.get('portal', '')}{reverse('portal:terms')}" if own.terms else "")


@register.simple_tag
def unanswered_offers(user: User) -> int:
    """Count the offers that wait for somebody's answer."""
    return count_unanswered(user)


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Write how long ago something was, with the exact time on hover."""
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    said = "just now" if seconds < MINUTE else f"{rough(seconds)} ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), said)


@register.filter
def ticking(moment: datetime | None) -> SafeString | str:
    """Write the time since a moment to the minute; the page's script counts the seconds."""
    if moment is None:
        return ""
    said = precise(int((timezone.now() - moment).total_seconds()) // MINUTE * MINUTE)
    return format_html('<time datetime="{}" title="{}" data-ticking>{}</time>', moment.isoformat(), exact(moment), said)


@register.filter
def duration(seconds: int | None) -> str:
    """Write a span of time, to the minute: `2 h 10 min`."""
    return "" if seconds is None else precise(seconds)


@register.filter
def span(start: datetime | None, end: datetime | None) -> str:
    """Write how long something took."""
    if start is None or end is None:
        return ""
    seconds = max(0, int((end - start).total_seconds()))
    return f"{seconds}{NBSP}s" if seconds < MINUTE else precise(seconds)


@register.filter
def visible(name: str) -> str:
    """Write the name of a file so that nothing in it is hidden."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", name)


@register.filter
def sendable(path: str) -> str:
    """Write a path so that a form sends it as it is: browsers change line breaks."""
    return escape_controls(path)


@register.filter
def size(number: int) -> str:
    """Write a number of bytes."""
    return size_text(number).replace(" ", NBSP)


def exact(moment: datetime) -> str:
    """Return the time in full, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def precise(seconds: int) -> str:
    """Return hours and minutes; below a minute it says so."""
    if seconds < MINUTE:
        return "less than a minute"
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    if hours >= DAY // HOUR:
        return f"{hours // 24}{NBSP}d {hours % 24}{NBSP}h"
    return f"{hours}{NBSP}h {minutes}{NBSP}min" if hours else f"{minutes}{NBSP}min"


def rough(seconds: int) -> str:
    """Return the largest unit only."""
    if seconds < HOUR:
        return f"{seconds // MINUTE}{NBSP}min"
    if seconds < DAY:
        return f"{seconds // HOUR}{NBSP}h"
    days = seconds // DAY
    return f"{days}{NBSP}day{'s' if days != 1 else ''}"
