package dev.loupe.app;

import java.io.BufferedOutputStream;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What the command line writes to: results to stdout, progress and errors to stderr. */
final class Terminal {
    private Terminal() {}

    /**
     * The reader of our output went away ({@code loupe list | head -1}): no error, but the end of
     * the command.
     */
    static final class ReaderGone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ReaderGone(IOException cause) {
            super(cause);
        }
    }

    /**
     * Makes {@link System#out} and {@link System#err} write UTF-8 in any locale. Stdout is
     * buffered: who streams must flush. It throws where a {@link PrintStream} would go on in
     * silence: {@link ReaderGone} on a closed pipe, a {@link UserException} on a full disk.
     */
    static void open() {
        OutputStream out = new FailingLoudly(new FileOutputStream(FileDescriptor.out));
        System.setOut(
                new PrintStream(
                        new BufferedOutputStream(out, 1 << 13), false, StandardCharsets.UTF_8));
        FileDescriptor error = handedOver();
        System.setErr(
                new PrintStream(
                        new BufferedOutputStream(new FileOutputStream(error), 1 << 10),
                        true,
                        StandardCharsets.UTF_8));
    }

    /** True when a person watches stderr, so that progress is worth drawing. */
    static boolean stderrIsWatched() {
        if (Boolean.getBoolean("loupe.stderr.terminal")) {
            return true;
        }
        // Without the launcher Java tells only of stdin and stdout together.
        return System.getProperty("loupe.stderr.descriptor") == null
                && Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    }

    /**
     * The real stderr: the launcher lets Java's own go nowhere, because Java warns of incubating
     * modules there, and says in a property which descriptor is the real one.
     */
    private static FileDescriptor handedOver() {
        Integer number = Integer.getInteger("loupe.stderr.descriptor");
        if (number == null) {
            return FileDescriptor.err;
        }
        try {
            // Opening /dev/fd/3 would do for files, but not for sockets, which many programs use
            // as the stderr of their children.
            var constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
            constructor.setAccessible(true);
            return constructor.newInstance(number);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return FileDescriptor.err;
        }
    }

    /** A stream that turns errors into exceptions that a PrintStream lets pass. */
    private static final class FailingLoudly extends OutputStream {
        private final OutputStream out;

        FailingLoudly(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
                    throw new ReaderGone(e);
                }
                throw new UserException("cannot write the output: " + e.getMessage(), e);
            }
        }
    }
}
