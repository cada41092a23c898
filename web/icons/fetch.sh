#!/bin/sh
# Fetches the AWS icons that aws/icons.json names from the npm package
# aws-icons and puts them, byte for byte, beside it. A maintainer runs it when
# the table or the version changes: web/icons/fetch.sh [VERSION]
set -eu
version=${1:-3.3.0}
here=$(cd "$(dirname "$0")" && pwd)/aws
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
cd "$temp"
npm pack --silent "aws-icons@$version" >/dev/null # npm checks what it gets
tar xzf aws-icons-*.tgz
rm -rf "$here/resource" "$here/architecture-service" "$here/architecture-group"
sed -n 's/^ *"aws\.[^"]*": "\([^"]*\.svg\)",*$/\1/p' "$here/icons.json" | sort -u | while read -r file; do
	mkdir -p "$here/$(dirname "$file")"
	cp "package/icons/$file" "$here/$file"
done
echo "$(find "$here" -name '*.svg' | wc -l) icons of aws-icons $version; write the version into $here/NOTICE"
