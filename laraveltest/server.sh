#!/usr/bin/env bash
# A Laravel server for the tests, from Debian's packages, on 127.0.0.1 only.
#
#   server.sh install   installs what is missing, as root
#   server.sh check     fails and says what is missing
#   server.sh run       starts the server, prints the lines "root <dir>" and "url <url>",
#                       and runs until its standard input is closed; then it stops
#                       all processes and removes the directory
#
# One nginx and one php-fpm serve any number of accounts: an account is a
# directory below accounts/, and its URL is <url>/<name>/v1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
workers=${LARAVELTEST_WORKERS:-8}

fpm() { command -v php-fpm || ls /usr/sbin/php-fpm* 2>/dev/null | tail -1; }

missing() {
	local need=()
	command -v php >/dev/null || need+=(php-cli)
	[ -n "$(fpm)" ] || need+=(php-fpm)
	[ -e /usr/share/php/Illuminate/autoload.php ] || need+=(php-laravel-framework)
	for extension in sqlite3 redis mbstring xml; do
		ls /etc/php/*/cli/conf.d/*-"$extension".ini >/dev/null 2>&1 || need+=("php-$extension")
	done
	PATH=$PATH:/usr/sbin command -v nginx >/dev/null || need+=(nginx-light)
	command -v redis-server >/dev/null || need+=(redis-server)
	echo "${need[*]-}"
}

install() {
	local need
	need=$(missing)
	[ -n "$need" ] || return 0
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	# Debian's packages start their services, on all addresses; RUNLEVEL keeps them from it.
	# shellcheck disable=SC2086
	RUNLEVEL=1 apt-get install -qy --no-install-recommends $need
}

check() {
	local need
	need=$(missing)
	[ -z "$need" ] || { echo "missing packages: $need" >&2; return 3; }
}

nginx_conf() {
	# What nginx does for the base paths: /<account>/v1 passes requests to PHP; /<account>/bare/v1 removes the rate limit
	# headers; /<account>/hasty/v1 waits 1 s for PHP (504) and takes bodies up to 8 kB (413); /<account>/gone/v1 finds no PHP (502).
	local php="include /etc/nginx/fastcgi_params;
			fastcgi_param SCRIPT_FILENAME $here/api/public/index.php;
			fastcgi_param SCRIPT_NAME /\$base/index.php;
			fastcgi_param STORAGE $root/accounts/\$account;
			fastcgi_pass unix:$root/php-fpm.sock;"
	cat <<-CONF
	$([ "$(id -u)" != 0 ] || echo 'user root;')
	daemon off;
	worker_processes 1;
	pid $root/nginx.pid;
	error_log $root/nginx.log warn;
	events { worker_connections 1024; }
	http {
		access_log off;
		client_body_temp_path $root/tmp-body;
		proxy_temp_path $root/tmp-proxy;
		fastcgi_temp_path $root/tmp-fastcgi;
		uwsgi_temp_path $root/tmp-uwsgi;
		scgi_temp_path $root/tmp-scgi;
		client_max_body_size 20m; # more than PHP accepts, so that Laravel rejects it
		fastcgi_read_timeout 30s;
		server {
			listen 127.0.0.1:$port backlog=1024;
			location ~ ^/(?<base>(?<account>[0-9]+)/bare)/ {
				fastcgi_hide_header X-RateLimit-Limit;
				fastcgi_hide_header X-RateLimit-Remaining;
				fastcgi_hide_header X-RateLimit-Reset;
				fastcgi_hide_header Retry-After;
				$php
			}
			location ~ ^/(?<base>(?<account>[0-9]+)/hasty)/ {
				client_max_body_size 8k;
				fastcgi_read_timeout 1s;
				$php
			}
			location ~ ^/[0-9]+/gone/ { include /etc/nginx/fastcgi_params; fastcgi_pass unix:$root/none.sock; }
			location ~ ^/(?<base>(?<account>[0-9]+))/ {
				$php
			}
			location = /ready { return 204; }
		}
	}
	CONF
}

fpm_conf() {
	cat <<-CONF
	[global]
	error_log = $root/php-fpm.log
	[www]
	$([ "$(id -u)" != 0 ] || printf 'user = root\ngroup = root')
	listen = $root/php-fpm.sock
	listen.backlog = 511
	pm = static
	pm.max_children = $workers
	clear_env = no
	php_admin_value[display_errors] = 0
	php_admin_value[opcache.enable] = 1
	php_admin_value[opcache.validate_timestamps] = 0
	php_admin_value[realpath_cache_size] = 4096K
	CONF
}

run() {
	check
	# In memory where possible: SQLite waits for the disk at each commit.
	root=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/laraveltest-XXXXXX")
	pids=()
	trap stop EXIT
	trap 'exit 130' INT TERM HUP
	export APP_SERVICES_CACHE=$root/services.php APP_PACKAGES_CACHE=$root/packages.php REDIS_SOCKET=$root/redis.sock
	account template
	touch "$root/accounts/template/account.sqlite"
	STORAGE=$root/accounts/template php "$here/api/artisan" migrate --force >"$root/migrate.log" 2>&1 || { cat "$root/migrate.log" >&2; exit 1; }

	redis-server --port 0 --unixsocket "$root/redis.sock" --databases 4096 --save '' --appendonly no --dir "$root" >"$root/redis.log" 2>&1 &
	pids+=($!)
	fpm_conf >"$root/php-fpm.conf"
	"$(fpm)" --allow-to-run-as-root --nodaemonize --fpm-config "$root/php-fpm.conf" >"$root/php-fpm.out" 2>&1 &
	pids+=($!)
	for attempt in 1 2 3 4 5; do # another program may take the port before nginx does
		port=$(php -r '$s = stream_socket_server("tcp://127.0.0.1:0"); echo substr(strrchr(stream_socket_get_name($s, false), ":"), 1);')
		nginx_conf >"$root/nginx.conf"
		PATH=$PATH:/usr/sbin nginx -c "$root/nginx.conf" -e "$root/nginx.log" 2>"$root/nginx.out" &
		local nginx=$!
		if ready "$nginx"; then
			pids+=("$nginx")
			echo "root $root"
			echo "url http://127.0.0.1:$port"
			cat >/dev/null # until the tests close it, or end
			exit 0
		fi
		kill "$nginx" 2>/dev/null || true
		wait "$nginx" 2>/dev/null || true
	done
	cat "$root"/*.out "$root"/*.log >&2
	exit 1
}

# account NAME makes the directories of an account.
account() { mkdir -p "$root/accounts/$1"/{faults,framework/cache/data,framework/views}; }

ready() {
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || return 1
		if [ -S "$root/php-fpm.sock" ] && [ -S "$root/redis.sock" ] &&
			php -r 'exit(@file_get_contents($argv[1]) === false ? 1 : 0);' "http://127.0.0.1:$port/ready"; then
			return 0
		fi
		sleep 0.05
	done
	return 1
}

stop() {
	trap - EXIT
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	rm -rf "$root"
}

case ${1:-} in
install | check | run) "$@" ;;
*) sed -n '2,12p' "$0" >&2; exit 2 ;;
esac
