# Included by the Makefile: the desk for staff, looked at, under load, and against the clock.

.PHONY: desk-story desk-bench desk-races

desk-story: .venv/.test  ## a customer and staff in two browsers, in each language; pictures in STORY_SHOTS (data/desk-story)
	@STORY_SHOTS=$(or $(STORY_SHOTS),data/desk-story) $(BIN)/python -m pytest -n 0 tests/test_desk_story.py $(PYTEST)

desk-bench: .venv/.test  ## 500 wait, 50 are taken, 20 pages are open: how soon they show what customers write; DESK_WAITING, DESK_TAKEN, DESK_PAGES, DESK_SECONDS size it
	@$(BIN)/python -m serving.desk_bench

desk-races: .venv/.test  ## staff and the bot at the same moment, 200 times; TRIALS sizes it
	@TRIALS=$(or $(TRIALS),200) $(BIN)/python -m pytest -n 0 -s -p no:logging tests/test_desk_races.py $(PYTEST)
