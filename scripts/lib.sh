# shellcheck shell=bash
# What the scripts share. Sourced, not run.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# have PROGRAM: is it there?
have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND...: as it is for root, else through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        echo "needs root, and there is no sudo: $*" >&2
        return 1
    fi
}

# install_package APT DNF APK BREW: the package that goes by these names, through the package
# manager of this machine.
install_package() {
    if have apt-get; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "$1"
    elif have dnf; then
        as_root dnf install -q -y "$2"
    elif have apk; then
        as_root apk add --no-cache "$3"
    elif have brew; then
        brew install --quiet "$4"
    else
        echo "no apt-get, dnf, apk or brew here: install $1 by hand and run this again" >&2
        return 1
    fi
}

# need_redis: a server that the tests can start, each on a free port of its own.
need_redis() {
    have redis-server && return
    echo "redis-server is missing: installing it"
    install_package redis-server redis redis redis
    have redis-server || {
        echo "the package came without redis-server: install it by hand" >&2
        return 1
    }
}

# need_postgres: a PostgreSQL that the tests can start, each on a free port of its own.
need_postgres() {
    have initdb && return
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return
    echo "PostgreSQL is missing: installing it"
    install_package postgresql postgresql-server postgresql postgresql
}

# need_mysql: a MariaDB or MySQL that the tests can start, each on a free port of its own.
need_mysql() {
    have mariadbd && return
    have mysqld && return
    [ -x /usr/sbin/mariadbd ] && return
    echo "MariaDB is missing: installing it"
    install_package mariadb-server mariadb-server mariadb mariadb
}

# need_buf: sets BUF to the buf that lints the protos, of the version that the house agreed on.
BUF_VERSION=1.75.0
need_buf() {
    local tools=target/tools/buf-$BUF_VERSION
    BUF=$tools/node_modules/.bin/buf
    [ -x "$BUF" ] && return
    have npm || install_package npm npm npm node
    mkdir -p "$tools"
    npm install --silent --no-audit --no-fund --prefix "$tools" "@bufbuild/buf@$BUF_VERSION"
}

# need_deny: cargo-deny, built without optimisation, since it runs for a second.
need_deny() {
    cargo deny --version >/dev/null 2>&1 && return
    echo "cargo-deny is missing: installing it"
    CARGO_TARGET_DIR=target/tools/deny cargo install --quiet --locked --debug cargo-deny@0.20.2
    rm -rf target/tools/deny
}
