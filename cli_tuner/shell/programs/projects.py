# ruff: noqa: E501  (tables: a row stays on its line)
"""Runners of projects: package managers, environments, watchers and secret stores that start a command.

Sources: the manuals of npm, pnpm, Yarn, Bun, uv, Poetry, Bundler, Nix, mise, cargo-watch, nodemon, direnv, Doppler, 1Password.
"""

from __future__ import annotations

from cli_tuner.shell.programs.program import Form, Program, hands, program

_RUN = hands(verbs="run")
_EXEC = hands(verbs="exec")
PROJECTS: tuple[Program, ...] = (
    program("npm", "p package prefix w workspace loglevel registry", runs="c call", hands=hands(verbs="exec x")),
    program("npx bunx pnpx", "p package", runs="c call", hands=hands(), flags="yes no-install"),
    program("pnpm", "C dir filter F", hands=hands(verbs="exec dlx", form=Form.EITHER)), program("yarn yarnpkg", "cwd", hands=hands(verbs="exec dlx", form=Form.EITHER)),
    program("lerna nx rush", "scope ignore concurrency", hands=hands(verbs="exec", form=Form.EITHER)), program("turbo", "filter F"),
    program("cross-env", hands=hands(assigns=True)), program("cross-env-shell", hands=hands(assigns=True, form=Form.TEXT)), program("env-cmd", "f file e environments", hands=hands()),
    program("concurrently", "n names prefix p c m max-processes k-others", hands=hands(form=Form.EACH)), program("npm-run-all run-p run-s", "l"),
    program("nodemon", "w watch e ext i ignore d delay", runs="x exec", hands=hands(inert="x exec")), program("onchange", "d delay e exclude", hands=hands(after="--")),
    program("chokidar", "d debounce i ignore", runs="c command"), program("tsc-watch", runs="onSuccess onFailure"), program("pm2", "name n i instances", hands=hands(verbs="start", form=Form.EITHER)),
    program("forever", "c", hands=hands(verbs="start")), program("watchexec", "w e i d s watch exts", hands=hands(form=Form.EITHER)), program("cargo", "p package features target", runs="s shell", hands=hands(after="--", verbs="watch")),
    program("cargo-watch", "x exec w watch i ignore C", runs="s shell", hands=hands(after="--")), program("bacon", "j job"), program("just", "f justfile d working-directory", runs="shell", hands=hands(after="-c --command")),
    program("poetry pipenv hatch rye pdm pixi", hands=_RUN), program("uv", "with p python extra group allow-insecure-host cache-dir color config-file directory project", hands=_RUN), program("bundle rbenv pyenv asdf", hands=_EXEC),
    program("conda mamba micromamba", "n name p prefix", hands=_RUN), program("tox", "e", hands=hands(after="--", verbs="exec")), program("coverage py-spy", "o output p pid", hands=hands(after="--")),
    program("direnv", hands=hands(1, verbs="exec")), program("dotenv", "f file e", hands=hands()), program("mise rtx", "C", hands=hands(after="--")),
    program("nix", "f file I", hands=hands(after="-c --command")), program("guix", hands=hands(after="--")), program("devbox flox", hands=hands(after="--", verbs="run activate")),
    program("op", "env-file", hands=_RUN), program("doppler", "p project c config", runs="command", hands=_RUN), program("infisical teller dotenvx", "f env path", hands=_RUN),
    program("aws-vault", "d duration", hands=hands(1, verbs="exec")), program("chamber", hands=hands(after="--")), program("saml2aws", "a", hands=hands(verbs="exec")),
    program("sops", hands=hands(1, verbs="exec-env exec-file", form=Form.EITHER)), program("dvc", "n name d deps o outs", hands=hands(verbs="run", form=Form.EITHER)),
    program("cmd cmd.exe", hands=hands(after="/c /C /k /K", form=Form.TEXT)),
)  # fmt: skip
