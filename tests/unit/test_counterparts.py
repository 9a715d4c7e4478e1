"""The real counterparts that other tests rely on: a database, a browser."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import sync_playwright

from tests.postgres import ROOT, start_guarded


@pytest.mark.parametrize("test", ["first", "second"])
def test_two_tests_never_see_each_others_tables(pg_database: str, test: str) -> None:
    with psycopg.connect(pg_database) as connection:
        connection.execute("CREATE TABLE receipt (seen_by text)")
        connection.execute("INSERT INTO receipt VALUES (%s)", [test])
        assert connection.execute("SELECT seen_by FROM receipt").fetchall() == [(test,)]


def test_the_test_database_is_as_durable_and_as_russian_as_a_real_one(pg_database: str) -> None:
    with psycopg.connect(pg_database) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SELECT lower('ЧЕК')").fetchone() == ("чек",)


def test_a_killed_test_run_leaves_no_database_server_behind(pg_dsn: str) -> None:
    if "TEST_PG_DSN" in os.environ:
        pytest.skip("the server is not ours to end")
    run = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=ROOT)
    with psycopg.connect(start_guarded(run.pid)) as connection:
        run.kill()
        run.communicate()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(60)")


def test_the_browser_shows_a_page_in_russian(chromium_path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path)
        page = browser.new_page()
        page.set_content("<h1>Чек пробит</h1>")
        assert page.get_by_role("heading").inner_text() == "Чек пробит"
        browser.close()
