"""Failures, told so that a person can act on them. Knows nothing of status codes or widgets.

ChatError
├── SignInNeeded            no access token at all
├── TokenInactive           expired, revoked or mistyped access token
├── SignInLapsed            the site's session policy wants a fresh sign-in
├── WrongIdentity           signed in with an identity provider that the site does not accept
├── AccessDenied            this user may not use this model, cluster or service
├── SignInServiceTrouble    the gateway could not check the token: nobody's token is at fault
├── SignInFailed            an interactive sign-in did not come about
│   └── IdentityDiffers     somebody else is signed in here
├── InvalidRequest          the request breaks the gateway's contract
│   └── RequestTooLarge
├── ModelUnknown            no such model, cluster or framework
├── ModelNotLive            known, but not serving now
├── Maintenance             the operators took the cluster down, with a notice
├── RateLimited             requests a second, or tokens a minute: yours or everybody's
├── Unreachable             no connection: name, refusal, TLS, proxy, time-out
├── NotAGateway             something answered, but not the gateway (HTML, bad JSON)
├── GatewayFailure          the gateway's own error
├── UpstreamFailure         the model's machine failed behind the gateway
│   └── ContextTooLong
├── ReplyIncomplete         the stream broke or ended without its end
│   └── ReplyEmpty
├── ImportFailure           a file that is no known format (chat.exchange)
└── SaveFailed              the disk did not take what was written
"""

from __future__ import annotations


class ChatError(Exception):
    """A failure with a title, the reason in plain words and a way out.

    `str(error)` is safe to show: it holds no access token, no internal address and no control characters.
    """

    kind = "error"
    title = "Something went wrong"
    hint = ""
    can_retry = True
    needs_sign_in = False
    """Whether an interactive sign-in is the way out: the same request may then be sent again."""

    def __init__(
        self,
        reason: str,
        *,
        title: str | None = None,
        hint: str | None = None,
        can_retry: bool | None = None,
        error_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        if title is not None:
            self.title = title
        if hint is not None:
            self.hint = hint
        if can_retry is not None:
            self.can_retry = can_retry
        self.error_id = error_id
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        text = f"{self.title}: {self.reason}"
        return f"{text} (error id {self.error_id})" if self.error_id else text


class SignInNeeded(ChatError):
    kind = "sign_in_needed"
    title = "Not signed in"
    hint = "Press F8 to sign in with Globus."
    can_retry = False
    needs_sign_in = True


class TokenInactive(ChatError):
    kind = "token_inactive"
    title = "The access token is not active"
    hint = "Press F8 to sign in again, then send again."


class SignInLapsed(ChatError):
    kind = "sign_in_lapsed"
    title = "The sign-in deadline has passed"
    hint = (
        "Renewing does not help. Press F8 to sign in again; if that changes nothing, log out at "
        "https://app.globus.org/logout first."
    )
    can_retry = False
    needs_sign_in = True


class WrongIdentity(ChatError):
    kind = "wrong_identity"
    title = "Signed in with the wrong identity provider"
    hint = "Log out at https://app.globus.org/logout and sign in with the institution named above."
    can_retry = False
    needs_sign_in = True


class AccessDenied(ChatError):
    kind = "access_denied"
    title = "No access"
    hint = "Your sign-in is fine. Choose another model (F2), or ask ALCF support for access."
    can_retry = False


class SignInServiceTrouble(ChatError):
    kind = "sign_in_service"
    title = "The gateway could not check your sign-in"
    hint = "This is the service's own problem, not your token's. Try again in a minute."


class SignInFailed(ChatError):
    kind = "sign_in_failed"
    title = "The sign-in did not work"
    hint = "Start again; each code is good once, and only for some minutes."


class IdentityDiffers(SignInFailed):
    """Another identity than the stored one has signed in. The identifiers are Globus', not secret."""

    kind = "identity_differs"
    title = "Another identity is signed in here"
    hint = "Sign in with the other account, or replace the stored identity."

    def __init__(self, reason: str, *, stored_id: str, new_id: str) -> None:
        super().__init__(reason)
        self.stored_id = stored_id
        self.new_id = new_id


class InvalidRequest(ChatError):
    kind = "invalid_request"
    title = "The request was refused"
    hint = "Change what is named above and send again."
    can_retry = False


class RequestTooLarge(InvalidRequest):
    kind = "too_large"
    title = "The request is too large"
    hint = "The gateway takes about 2.5 MiB. Shorten the prompt; this one is not sent again with later ones."


class ModelUnknown(ChatError):
    kind = "model_unknown"
    title = "No such model"
    hint = "Choose another model (F2); F5 reads the list again."
    can_retry = False


class ModelNotLive(ChatError):
    kind = "model_not_live"
    title = "The model is not live"
    hint = "Choose a live model (F2) or try again later; F5 shows its present state."


class Maintenance(ChatError):
    kind = "maintenance"
    title = "Under maintenance"
    hint = "Choose a model on another cluster (F2) or try again after the maintenance."


class RateLimited(ChatError):
    """`is_shared` tells whose limit: True everybody's, False this user's, None unknown."""

    kind = "rate_limited"
    title = "Rate limit reached"
    hint = "Wait a little, then send again."
    is_shared: bool | None = None


class Unreachable(ChatError):
    kind = "unreachable"
    title = "The gateway cannot be reached"
    hint = "Check the network or VPN and the address (metis-tui config show), then send again."


class NotAGateway(ChatError):
    kind = "not_a_gateway"
    title = "The answer did not come from the gateway"
    hint = "Check the address (metis-tui config show); a proxy or a sign-in page of the network may be in between."


class GatewayFailure(ChatError):
    kind = "gateway"
    title = "The gateway failed"
    hint = "Try again; if it stays, tell ALCF support the error id and the time."


class UpstreamFailure(ChatError):
    kind = "upstream"
    title = "The model's server failed"
    hint = "Try again, or choose another model (F2)."


class ContextTooLong(UpstreamFailure):
    kind = "context_too_long"
    title = "The conversation is longer than the model's context"
    hint = (
        "Start a new conversation (Ctrl+N), choose a model with a larger context window (F2) or shorten the prompt."
    )
    can_retry = False


class ReplyIncomplete(ChatError):
    kind = "reply_incomplete"
    title = "The reply is incomplete"
    hint = "What arrived is kept. Send again to get a full reply."


class ReplyEmpty(ReplyIncomplete):
    kind = "reply_empty"
    title = "The model sent nothing"
    hint = "Send again, or choose another model (F2)."


class SaveFailed(ChatError):
    kind = "save_failed"
    title = "Not saved"
    hint = "Your words are kept in memory and saved as soon as the disk takes them. Free space or check the quota."
