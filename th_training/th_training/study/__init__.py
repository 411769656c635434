"""The article's blind study with people: stimuli, questionnaire, server, answers, report."""
