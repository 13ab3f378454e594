"""Sample files for each documented application, and how to use them."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

STREAMLIT = """
import streamlit as st
st.title('Counting')
st.session_state.setdefault('count', 0)
if st.button('Count'):
    st.session_state.count += 1
st.write(f"count {st.session_state.count}")
st.area_chart([3, 4, 8, 15, 21, 19, 12, 6, 4], height=220)
"""
DASH = """
from dash import Dash, Input, Output, dcc, html
app = Dash(__name__)
chart = dcc.Graph(figure={'data': [{'y': [3, 4, 8, 15, 21, 19, 12, 6, 4], 'type': 'bar'}]}, style={'height': 300})
page = [html.H1('Counting'), html.Button('Count', id='button'), html.P(id='said'), chart]
app.layout = html.Div(page, style={'fontFamily': 'sans-serif', 'margin': 24})
@app.callback(Output('said', 'children'), Input('button', 'n_clicks'))
def count(clicks):
    return f'count {clicks or 0}'
"""
PANEL = """
import panel as pn
pn.extension()
button = pn.widgets.Button(name='Count')
said = pn.pane.Markdown('count 0')
def count(event):
    said.object = f'count {button.clicks}'
button.on_click(count)
pn.Column('# Counting', button, said).servable()
"""
SHINY = """
from shiny import App, render, ui
page = ui.page_fluid(ui.h1('Counting'), ui.input_action_button('button', 'Count'), ui.output_text('said'))
def server(input, output, session):
    @render.text
    def said():
        return f'count {input.button()}'
app = App(page, server)
"""
GRADIO = """
import gradio as gr
with gr.Blocks() as demo:
    gr.Markdown('# Counting')
    state = gr.State(0)
    said = gr.Markdown('count 0')
    def count(number):
        return number + 1, f'count {number + 1}'
    gr.Button('Count').click(count, state, [state, said])
"""
MARIMO = """
import marimo
app = marimo.App()
@app.cell
def _():
    import marimo as mo
    button = mo.ui.button(label='Count', value=0, on_click=lambda value: value + 1)
    button
    return button, mo
@app.cell
def _(button, mo):
    mo.md(f'count {button.value}')
    return
if __name__ == '__main__':
    app.run()
"""
VOILA_CELL = """
import ipywidgets as w
button, said = w.Button(description='Count'), w.Label('count 0')
def count(_):
    said.value = f'count {int(said.value[6:]) + 1}'
button.on_click(count)
w.VBox([w.HTML('<h1>Counting</h1>'), button, said])
"""
VOILA = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": "a",
                "metadata": {},
                "outputs": [],
                "source": VOILA_CELL,
            }
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
R_SHINY = """
library(shiny)
page <- fluidPage(h1('Counting'), actionButton('button', 'Count'), textOutput('said'))
server <- function(input, output) output$said <- renderText(paste('count', input$button))
shinyApp(page, server)
"""


def count(page: Page) -> None:
    """Press the button and check the application's reaction."""
    expect(page.get_by_text("count 0")).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("count 1")).to_be_visible()


def run_and_count(page: Page) -> None:
    """Run all cells first; a click before the notebook is connected is lost."""
    run_all, said = page.get_by_test_id("run-button").last, page.get_by_text("count 0")
    for _ in range(20):
        if said.is_visible():
            break
        run_all.click()
        page.wait_for_timeout(3000)
    count(page)


@dataclass(frozen=True)
class Sample:
    """A file that the application runs, and one interaction with it."""

    use: Callable[[Page], None]
    file: str = ""
    content: str = ""
    makes: str = ""
    """A file that exists in the workspace afterwards."""
    asks_outside: tuple[str, ...] = ()
    """Hosts from which its pages load optional parts."""


def see_metrics(page: Page) -> None:
    """Check that TensorBoard loads its runs over HTTP."""
    expect(page.get_by_text("No dashboards are active").first).to_be_visible()
    page.get_by_role("button", name="Reload").or_(page.locator("[title^='Last Updated']")).first.click()
    expect(page.get_by_text("No dashboards are active").first).to_be_visible()


def make_experiment(page: Page) -> None:
    """Check that MLflow writes an experiment to its database."""
    base = page.url.partition("#")[0]
    response = page.evaluate(
        """async base => (await fetch(base + 'ajax-api/2.0/mlflow/experiments/create', {method: 'POST',
        headers: {'Content-Type': 'application/json'}, body: JSON.stringify({name: 'counting'})})).status""",
        base,
    )
    assert response == 200
    page.goto(f"{base}#/experiments")
    page.reload()
    expect(page.get_by_text("counting").first).to_be_visible()


def write_in_vscode(page: Page) -> None:
    """Open a file of the workspace, whose content arrives over the WebSocket."""
    page.get_by_role("treeitem", name="notes.txt").dblclick()
    expect(page.get_by_text("hello").first).to_be_visible()


def open_git_panel(page: Page) -> None:
    """Check both extensions: the Git panel, and real-time collaboration on a notebook."""
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
    page.keyboard.insert_text("shared = 6 * 7")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_text("shared = 6 * 7").first).to_be_visible()
    other.close()
    page.get_by_role("tab", name="Git").first.click()
    expect(page.locator("#jp-git-sessions")).to_be_visible()


def type_in_desktop(page: Page) -> None:
    """Type into the terminal of the desktop; the command creates a file."""
    canvas = page.locator("canvas").last
    expect(canvas).to_be_visible()
    page.wait_for_timeout(1500)
    canvas.click(position={"x": 200, "y": 150})
    page.keyboard.type("   touch made-on-the-desktop\n", delay=50)  # the first keys are lost while it gets the focus
    page.wait_for_timeout(1000)


def run_in_terminal(page: Page) -> None:
    """Type a command whose output differs from its text."""
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("expr 40 + 2\n")
    expect(page.locator(".xterm-rows")).to_contain_text("42")


def make_a_file_in_terminal(page: Page) -> None:
    """Type a command that creates a file: Jupyter draws its terminal on a canvas, which cannot be read."""
    page.get_by_role("textbox", name="Terminal input").focus()
    page.keyboard.type("expr 40 + 2; touch made-in-the-terminal\n")
    page.wait_for_timeout(2000)


SAMPLES = {
    "streamlit": Sample(count, "apps/counting.py", STREAMLIT),
    "dash": Sample(count, "apps/my counting.py", DASH),
    "panel": Sample(count, "counting.py", PANEL),
    "voila": Sample(
        count, "counting.ipynb", VOILA, asks_outside=("cdn.jsdelivr.net", "cdnjs.cloudflare.com", "use.fontawesome.com")
    ),
    "marimo": Sample(run_and_count, "counting.py", MARIMO),
    "shiny": Sample(count, "apps/counting.py", SHINY),
    "gradio": Sample(count, "counting.py", GRADIO),
    "tensorboard": Sample(see_metrics),
    "mlflow": Sample(make_experiment),
    "jupyter_lab_together": Sample(open_git_panel),
    "vscode": Sample(write_in_vscode),
    "desktop": Sample(type_in_desktop, makes="made-on-the-desktop"),
    "r_shiny": Sample(count, "counting.R", R_SHINY),
    "terminal": Sample(make_a_file_in_terminal, makes="made-in-the-terminal"),
    "terminal_ttyd": Sample(run_in_terminal),
    "r_console": Sample(run_in_terminal),
}
