"""The nouns, and the constraints the database holds them to."""

from approvals.models.agent import Agent, ApiKey, Installation, WebhookSecret
from approvals.models.approval_request import ApprovalGroup, ApprovalRequest
from approvals.models.approval_template import ApprovalTemplate
from approvals.models.checkpoint import Checkpoint, CheckpointVersion
from approvals.models.decision import Decision
from approvals.models.delivery import Attempt, Delivery, Message
from approvals.models.grant import Grant, OutcomeReport, SecondReview
from approvals.models.lease import Lease
from approvals.models.reviewer import Absence, Reviewer, Team
from approvals.models.revision import PlanStep, Revision

__all__ = [
    "Absence",
    "Agent",
    "ApiKey",
    "ApprovalGroup",
    "ApprovalRequest",
    "ApprovalTemplate",
    "Attempt",
    "Checkpoint",
    "CheckpointVersion",
    "Decision",
    "Delivery",
    "Grant",
    "Installation",
    "Lease",
    "Message",
    "OutcomeReport",
    "PlanStep",
    "Reviewer",
    "Revision",
    "SecondReview",
    "Team",
    "WebhookSecret",
]
