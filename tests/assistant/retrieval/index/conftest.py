"""The git repositories of tests/support/git_repositories.py as fixtures."""

from tests.support.git_repositories import plain_git, repository, shop

__all__ = ["plain_git", "repository", "shop"]
