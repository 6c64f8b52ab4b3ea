"""A plan, an answer, and an audit where it is asked for: a program in DSPy."""

import os

import dspy

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")


class Team(dspy.Module):
    """Three predictors, of which two are called."""

    def __init__(self):
        """Make the predictors."""
        super().__init__()
        self.scout = dspy.Predict(dspy.Signature("problem -> notes", SCOUT_PROMPT))
        self.author = dspy.Predict(dspy.Signature("problem, notes -> letter", "You give the letter of the answer."))
        self.auditor = dspy.Predict(
            dspy.Signature("letter -> corrected", "You look for mistakes in an answer and correct them.")
        )

    def forward(self, problem):
        """Return the letter, with the notes on the way."""
        notes = self.scout(problem=problem).notes
        return self.author(problem=problem, notes=notes)


TEAM = Team()


def answer(row):
    """Return the team's answer to a row."""
    lm = dspy.LM("openai/m", api_base=os.environ["OPENAI_BASE_URL"], api_key="x", cache=False)
    with dspy.context(lm=lm):
        return TEAM(problem=row["input"]).letter
