# Sourced by the commands of this directory: builds Loupe and its benchmarks when the sources are
# newer, and runs a class.

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
. "$root/app/find-jdk.sh"

# run [JAVA FLAG...] CLASS ARGUMENT...
run() {
  local built=$root/bench/target/bench.built log=$root/bench/target/build.log
  find_jdk || no_jdk
  # Builds the program that is measured, when that is needed.
  "$root/loupe" --version >/dev/null || exit 1
  if [ ! -f "$built" ] ||
    [ -n "$(find "$root"/pom.xml "$root"/*/pom.xml "$root"/*/src/main -newer "$built" -print 2>/dev/null | head -n 1)" ]; then
    command -v mvn >/dev/null || no_maven
    mkdir -p "$root/bench/target"
    (
      cd "$root" &&
        export JAVA_HOME=$jdk MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED" &&
        mvn -B -Dstyle.color=never -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
          -Dmaven.test.skip=true -pl bench -am package
    ) >"$log" 2>&1 </dev/null || {
      cat "$log" >&2
      fail "the build of the benchmarks failed; its output is above and in $log"
    }
    touch "$built"
    # its jars are new, so that it makes its caches again: not within a measurement
    "$root/loupe" --version >/dev/null || exit 1
  fi
  # As ./loupe does.
  if has_huge_pages; then set -- -XX:+UseTransparentHugePages "$@"; fi
  exec "$jdk/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED \
    -Dloupe.root="$root" -cp "$root/bench/target/bench.jar:$root/bench/target/lib/*" "$@"
}
