"""Forms of the profile page: API token, external REANA, workflow secret, password."""

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
    Scope.READ: "Read workspaces, jobs and users",
    Scope.WORKSPACES: "Create, change and delete workspaces",
    Scope.SESSIONS: "Launch, open and stop sessions",
    Scope.WORKFLOWS: "Run workflows with the REANA API",
    Scope.ADMIN: "Administer this server",
}


class TokenForm(forms.Form):
    """Name, scopes and lifetime of a new token."""

    name = forms.CharField(
        max_length=200, strip=True, help_text="What the token is for, such as the laptop that uses it."
    )
    scopes = forms.MultipleChoiceField(label="Permissions", widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(label="Valid for (days)", min_value=1)

    def __init__(self, user: User, data: object = None) -> None:
        most = registry.site().token_lifetime.days
        first = {"scopes": [scope.value for scope in USUAL], "days": min(USUAL_DAYS, most)}
        # With prefixes, because several forms of this page have a field `name`.
        super().__init__(data, initial=first, prefix="token")  # type: ignore[arg-type]  # what a request holds
        offered = [scope for scope in Scope if scope is not Scope.ADMIN or user.is_staff or user.is_superuser]
        scopes, days = self.fields["scopes"], self.fields["days"]
        assert isinstance(scopes, forms.MultipleChoiceField)  # noqa: S101  declared above
        scopes.choices = [(scope.value, MEANINGS[scope]) for scope in offered]
        days.max_value = most  # type: ignore[attr-defined]  # of an IntegerField
        days.widget.attrs["max"] = most
        days.help_text = f"At most {most}."

    def clean_days(self) -> int:
        """Return the number of days, at most what the site allows."""
        days = int(self.cleaned_data["days"])
        # `max_value` adds a validator only when the field is created, not when it is set later.
        if days > registry.site().token_lifetime.days:
            raise ValidationError(f"At most {registry.site().token_lifetime.days}.")
        return days

    @property
    def wanted_scopes(self) -> tuple[Scope, ...]:
        """The selected scopes."""
        return tuple(Scope(name) for name in self.cleaned_data["scopes"])

    @property
    def lifetime(self) -> timedelta:
        """The lifetime of the token."""
        return timedelta(days=self.cleaned_data["days"])


class ReanaForm(forms.Form):
    """URL and access token of an external REANA; both are tested before they are stored."""

    server = forms.CharField(label="Address", max_length=500, help_text="For example, https://reana.example.org.")
    access_token = forms.CharField(
        label="Access token",
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="From your profile page there. Stored encrypted and never shown again.",
    )

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(data, prefix="reana")  # type: ignore[arg-type]  # what a request holds
        self._user = user

    def clean(self) -> dict[str, object] | None:
        """Test the connection and store it."""
        cleaned = super().clean()
        if cleaned is not None and not self.errors:
            try:
                # In `clean`, so that the errors of the other server appear on the form.
                store_reana(
                    user=self._user,
                    server=cleaned["server"],
                    access_token=cleaned["access_token"],
                    now=timezone.now(),
                )
            except (InvalidRequest, TooManyAttempts) as error:
                raise ValidationError(error.message) from None
        return cleaned


class SecretTextarea(forms.Textarea):
    """A text area that an invalid form does not return, as for a password."""

    def format_value(self, _value: object) -> str:
        """Return an empty text."""
        return ""


class SecretForm(forms.Form):
    """A secret that workflow steps get as an environment variable or a file."""

    name = forms.CharField(max_length=LONGEST_NAME, strip=True, help_text="The name that workflow steps use.")
    kind = forms.ChoiceField(
        label="Provide it as",
        choices=[(Secret.ENVIRONMENT, "An environment variable of this name"), (Secret.FILE, "A file of this name")],
        widget=forms.RadioSelect,
        initial=Secret.ENVIRONMENT,
    )
    value = forms.CharField(
        max_length=LARGEST_VALUE,
        strip=False,
        widget=SecretTextarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="Stored encrypted and never shown again.",
    )
    replace = forms.BooleanField(label="Replace an existing secret of this name", required=False)

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(data, prefix="secret")  # type: ignore[arg-type]  # what a request holds
        self._user = user

    def clean(self) -> dict[str, object] | None:
        """Store the secret."""
        cleaned = super().clean()
        if cleaned is not None and not self.errors:
            value = str(cleaned["value"]).replace("\r\n", "\n").encode()  # browsers send CRLF
            try:
                new = NewSecret.read(cleaned["name"], {"type": cleaned["kind"], "value": b64encode(value).decode()})
                is_stored = add_secrets(owner=self._user, new=[new], overwrite=cleaned["replace"])
            except InvalidRequest as error:
                raise ValidationError(error.message) from None
            if not is_stored:
                raise ValidationError("You already have a secret of this name. Replace it, or choose another name.")
        return cleaned


class PasswordForm(PasswordChangeForm):
    """The old password and, twice, the new one.

    Wrong old passwords have a rate limit of their own: an attack on the login form must not keep the owner of the
    account from changing the password.
    """

    def clean_old_password(self) -> str:
        """Check the old password, unless the rate limit is exceeded."""
        limit, name = registry.site().rate_limits.log_ins_per_account, self.user.get_username().casefold()
        try:
            with counted(Budget(bucket_of("old_password", name), limit), now=timezone.now()):
                return self._checked_old_password()
        except (AuthenticationRejected, TooManyAttempts) as error:
            raise ValidationError(error.message) from None

    def _checked_old_password(self) -> str:
        try:
            return super().clean_old_password()
        except ValidationError as error:
            raise AuthenticationRejected(" ".join(error.messages)) from None
