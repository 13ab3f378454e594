"""The forms of the profile: a new token, another password."""

from datetime import timedelta

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.accounts.scopes import USUAL, Scope
from user_workspaces.accounts.sign_in import counted
from user_workspaces.errors import AuthenticationRefused, InvalidRequest, TooManyAttempts
from user_workspaces.workflows.elsewhere import store_reana

USUAL_DAYS = 30
MEANINGS = {
    Scope.READ: "Look at workspaces, jobs and people",
    Scope.WORKSPACES: "Make, change and delete workspaces",
    Scope.SESSIONS: "Launch, open and stop sessions",
    Scope.WORKFLOWS: "Run workflows, over the API of REANA",
    Scope.ADMIN: "Administer this server",
}


class TokenForm(forms.Form):
    """What a new token is for, what it may do, and for how long."""

    name = forms.CharField(max_length=200, strip=True, help_text="What it is for, such as the laptop it is kept on.")
    scopes = forms.MultipleChoiceField(label="It may", widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(label="Good for (days)", min_value=1)

    def __init__(self, user: User, data: object = None) -> None:
        most = registry.site().token_lifetime.days
        first = {"scopes": [scope.value for scope in USUAL], "days": min(USUAL_DAYS, most)}
        super().__init__(data, initial=first, prefix="token")  # type: ignore[arg-type]  # what a request holds
        offered = [scope for scope in Scope if scope is not Scope.ADMIN or user.is_staff or user.is_superuser]
        scopes, days = self.fields["scopes"], self.fields["days"]
        assert isinstance(scopes, forms.MultipleChoiceField)  # noqa: S101  it is declared above
        scopes.choices = [(scope.value, MEANINGS[scope]) for scope in offered]
        days.max_value = most  # type: ignore[attr-defined]  # of an IntegerField
        days.widget.attrs["max"] = most
        days.help_text = f"At most {most}."

    def clean_days(self) -> int:
        """Return the number of days; the most that the site allows is no secret."""
        days = int(self.cleaned_data["days"])
        if days > registry.site().token_lifetime.days:
            raise ValidationError(f"At most {registry.site().token_lifetime.days}.")
        return days

    @property
    def wanted_scopes(self) -> tuple[Scope, ...]:
        """The scopes that were chosen."""
        return tuple(Scope(name) for name in self.cleaned_data["scopes"])

    @property
    def lifetime(self) -> timedelta:
        """For how long it is good."""
        return timedelta(days=self.cleaned_data["days"])


class ReanaForm(forms.Form):
    """Where a person's own REANA is, and their token there; tried before it is kept."""

    server = forms.CharField(label="Address", max_length=500, help_text="Such as https://reana.example.org.")
    access_token = forms.CharField(
        label="Access token",
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="From your profile there. It is kept encrypted, and never shown again.",
    )

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(data, prefix="reana")  # type: ignore[arg-type]  # what a request holds
        self._user = user

    def clean(self) -> dict[str, object] | None:
        """Ask that REANA, and keep it."""
        told = super().clean()
        if told is not None and not self.errors:
            try:
                store_reana(
                    user=self._user,
                    server=told["server"],
                    access_token=told["access_token"],
                    now=timezone.now(),
                )
            except (InvalidRequest, TooManyAttempts) as error:
                raise ValidationError(error.message) from None
        return told


class PasswordForm(PasswordChangeForm):
    """The old password and twice the new one; wrong old ones are counted as at the log-in."""

    def clean_old_password(self) -> str:
        """Try the old one, unless there were too many."""
        limit, name = registry.site().rate_limits.log_ins_per_account, self.user.get_username().casefold()
        try:
            with counted("log_in.account", name, limit=limit, now=timezone.now()):
                return self._tried()
        except (AuthenticationRefused, TooManyAttempts) as error:
            raise ValidationError(error.message) from None

    def _tried(self) -> str:
        try:
            return super().clean_old_password()
        except ValidationError as error:
            raise AuthenticationRefused(" ".join(error.messages)) from None
