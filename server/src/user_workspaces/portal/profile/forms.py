"""The forms of the profile: a new token, another password, a REANA elsewhere, a secret."""

from base64 import b64encode
from datetime import timedelta

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.login import counted
from user_workspaces.accounts.models import User
from user_workspaces.accounts.rate_limit import Budget, bucket_of
from user_workspaces.accounts.scopes import USUAL, Scope
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, TooManyAttempts
from user_workspaces.workflows.models import Secret
from user_workspaces.workflows.personal_reana import store_reana
from user_workspaces.workflows.secrets import LARGEST_VALUE, LONGEST_NAME, NewSecret, add_secrets

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


class HiddenAgain(forms.Textarea):
    """A text that does not come back with a form that was refused."""

    def format_value(self, _value: object) -> str:
        """Show nothing of it."""
        return ""


class SecretForm(forms.Form):
    """Something that the steps of a person's runs need to know; kept where it can be."""

    name = forms.CharField(max_length=LONGEST_NAME, strip=True, help_text="By which the steps know it.")
    kind = forms.ChoiceField(
        label="They find it",
        choices=[(Secret.ENVIRONMENT, "In a variable of that name"), (Secret.FILE, "In a file of that name")],
        widget=forms.RadioSelect,
        initial=Secret.ENVIRONMENT,
    )
    value = forms.CharField(
        max_length=LARGEST_VALUE,
        strip=False,
        widget=HiddenAgain(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="It is kept encrypted, and never shown again.",
    )
    replace = forms.BooleanField(label="Replace one of that name", required=False)

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(data, prefix="secret")  # type: ignore[arg-type]  # what a request holds
        self._user = user

    def clean(self) -> dict[str, object] | None:
        """Keep it."""
        told = super().clean()
        if told is not None and not self.errors:
            value = str(told["value"]).replace("\r\n", "\n").encode()  # browsers send ends of lines of their own
            try:
                new = NewSecret.read(told["name"], {"type": told["kind"], "value": b64encode(value).decode()})
                is_kept = add_secrets(owner=self._user, new=[new], overwrite=told["replace"])
            except InvalidRequest as error:
                raise ValidationError(error.message) from None
            if not is_kept:
                raise ValidationError("You have a secret of that name. Choose to replace it, or another name.")
        return told


class PasswordForm(PasswordChangeForm):
    """The old password and twice the new one; wrong old ones are counted, apart from those at the log-in.

    Who attacks the account from elsewhere must not keep its owner from changing the password.
    """

    def clean_old_password(self) -> str:
        """Try the old one, unless there were too many."""
        limit, name = registry.site().rate_limits.log_ins_per_account, self.user.get_username().casefold()
        try:
            with counted(Budget(bucket_of("old_password", name), limit), now=timezone.now()):
                return self._tried()
        except (AuthenticationRejected, TooManyAttempts) as error:
            raise ValidationError(error.message) from None

    def _tried(self) -> str:
        try:
            return super().clean_old_password()
        except ValidationError as error:
            raise AuthenticationRejected(" ".join(error.messages)) from None
