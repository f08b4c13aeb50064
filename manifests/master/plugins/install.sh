#!/bin/sh
# Makes JENKINS_HOME/plugins what plugins.txt says, and nothing else. It downloads only when that file or Jenkins itself has
# changed, so that a restart does not depend on the plugin site, and swaps folders only when everything has arrived.
set -eu

lock=/etc/jenkins/plugins/plugins.txt
cd /var/jenkins_home

want=$( { cat "$lock"; echo "$JENKINS_VERSION"; } | sha256sum)
if [ "$(cat plugins/.lock 2>/dev/null)" = "$want" ]; then
  echo "plugins: as locked"
  exit 0
fi

rm -rf plugins.new plugins.old
mkdir plugins.new
jenkins-plugin-cli --plugin-file "$lock" --latest=false --plugin-download-directory "$PWD/plugins.new"
echo "$want" >plugins.new/.lock

if [ -d plugins ]; then
  mv plugins plugins.old
fi
mv plugins.new plugins
rm -rf plugins.old
