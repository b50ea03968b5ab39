"""The job: goes through the stages of a run, each where it stopped."""
