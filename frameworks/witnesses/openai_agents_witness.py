"""A team in the OpenAI Agents SDK: a writer with a tool, a loop with a reviewer, who hands over to an editor."""

from agents import Agent, Runner, function_tool, set_default_openai_api

set_default_openai_api("chat_completions")
ROUNDS = 2


@function_tool
def look_up(topic: str) -> str:
    """Look a topic up in the handbook."""
    return f"The handbook says nothing more about {topic}."


WRITER = Agent(
    name="Writer",
    instructions="You write a solution, or better the last one by its review, and give the letter of your answer.",
    tools=[look_up],
    model="maspo-world",
)
EDITOR = Agent(
    name="Editor",
    instructions="You write the final solution and give the letter of the answer.",
    model="maspo-world",
)
REVIEWER = Agent(
    name="Reviewer",
    instructions="You review the solution and give the letter that you believe in. Say APPROVED or REVISE.",
    handoffs=[EDITOR],
    model="maspo-world",
)


async def answer(row):
    """Return the team's answer to a row."""
    problem, review = row["input"], ""
    for _ in range(ROUNDS):
        given = f"{problem}\n\nA review of the last solution:\n{review}" if review else problem
        solution = (await Runner.run(WRITER, given)).final_output
        reviewed = await Runner.run(REVIEWER, f"{problem}\n\nSolution:\n{solution}")
        if reviewed.last_agent.name == EDITOR.name:
            return reviewed.final_output
        review = reviewed.final_output
    return (await Runner.run(EDITOR, f"{problem}\n\nSolution:\n{solution}\n\nReview:\n{review}")).final_output
