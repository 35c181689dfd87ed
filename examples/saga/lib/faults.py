"""Lets an input choose where a saga fails, and how.

`failAt` names the step. `failHow` is one of

    refused   the service says no before it does anything
    lost      the service does its work, but the answer never arrives, at any attempt
"""


class Refused(Exception):
    """Base of the refusals; each step has its own."""


class AnswerLost(Exception):
    """The work may be done: the caller cannot know."""


def refuse(event, name, refusal, message):
    """Raises `refusal` when the input asks this step to refuse."""
    if event["failAt"] == name and event["failHow"] == "refused":
        raise refusal(message)


def lose_answer(event, name):
    """Raises AnswerLost when the input asks for it; to be called after the effect."""
    if event["failAt"] == name and event["failHow"] == "lost":
        raise AnswerLost(f"the connection broke while {name} was answering")
