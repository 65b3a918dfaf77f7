# Sourced by ./loupe, ./test and the commands of bench: finds a JDK 25, or says what to install.

# The first line says what is wrong; the others what to do.
fail() {
  printf 'loupe: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '%s\n' "$@" >&2
  exit 1
}

no_jdk() {
  fail "needs a JDK 25, and found none in JAVA_HOME, PATH or the usual places. Install one:" \
    "  Debian, Ubuntu: sudo apt install temurin-25-jdk (from adoptium.net), or openjdk-25-jdk where there is one" \
    "  macOS: brew install temurin@25" \
    "  any: sdk install java 25-tem (sdkman.io), or unpack Temurin 25 and set JAVA_HOME to it"
}

no_maven() {
  fail "is built with Maven, which is not here. Install it:" \
    "  Debian, Ubuntu: sudo apt install maven" \
    "  macOS: brew install maven" \
    "  any: sdk install maven (sdkman.io)"
}

# Whether the system gives large pages to who asks for them.
has_huge_pages() {
  local pages file=/sys/kernel/mm/transparent_hugepage/enabled
  [ -r $file ] || return 1
  read -r pages <$file
  case $pages in *'[never]'*) return 1 ;; esac
}

# JDKs say their version in a file; asking each java would take longer than the whole start.
is_jdk25() {
  local line
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r line; do
    case $line in JAVA_VERSION=\"25 | JAVA_VERSION=\"25[.\"+-]*) return 0 ;; esac
  done <"$1/release"
  return 1
}

# Sets jdk.
find_jdk() {
  local java home
  if [ -n "${JAVA_HOME:-}" ] && is_jdk25 "$JAVA_HOME"; then
    jdk=$JAVA_HOME
    return 0
  fi
  for home in /usr/lib/jvm/* /usr/java/* /opt/* /opt/java/* /usr/local/lib/jvm/* \
    ~/.sdkman/candidates/java/* ~/.jdks/* ~/.asdf/installs/java/* \
    ~/.local/share/mise/installs/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    ~/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    if is_jdk25 "$home"; then
      jdk=$home
      return 0
    fi
  done
  # last, because following its links costs two processes
  if java=$(command -v java); then
    java=$(readlink -f "$java" 2>/dev/null || echo "$java")
    home=${java%/bin/java}
    if is_jdk25 "$home"; then
      jdk=$home
      return 0
    fi
  fi
  return 1
}
