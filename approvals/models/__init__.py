"""The nouns, and the constraints the database holds them to."""

from approvals.models.agent import Agent, ApiKey, Installation, WebhookSecret
from approvals.models.approval_request import ApprovalGroup, ApprovalRequest
from approvals.models.approval_template import ApprovalTemplate
from approvals.models.bypass import Bypass
from approvals.models.checkpoint import Checkpoint, CheckpointVersion
from approvals.models.decision import Decision
from approvals.models.delivery import Attempt, Delivery, Message
from approvals.models.grant import Grant, OutcomeReport, SecondReview
from approvals.models.lease import Lease
from approvals.models.notifying import Announcement, Notice, NotificationPreference
from approvals.models.reviewer import Absence, Reviewer, Team
from approvals.models.revision import PlanStep, Revision
from approvals.models.schedule import Schedule, ScheduleOverride, Shift
from approvals.models.trial import Backtest, OverruledCase, ShadowVerdict

__all__ = [
    "Absence",
    "Agent",
    "Announcement",
    "ApiKey",
    "ApprovalGroup",
    "ApprovalRequest",
    "ApprovalTemplate",
    "Attempt",
    "Backtest",
    "Bypass",
    "Checkpoint",
    "CheckpointVersion",
    "Decision",
    "Delivery",
    "Grant",
    "Installation",
    "Lease",
    "Message",
    "Notice",
    "NotificationPreference",
    "OutcomeReport",
    "OverruledCase",
    "PlanStep",
    "Reviewer",
    "Revision",
    "Schedule",
    "ScheduleOverride",
    "SecondReview",
    "ShadowVerdict",
    "Shift",
    "Team",
    "WebhookSecret",
]
