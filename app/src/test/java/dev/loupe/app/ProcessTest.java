package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;

import dev.loupe.files.Converter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What only a process of its own can show: signals, pipes, the modules of the JVM. */
@Timeout(120)
class ProcessTest {
    private static final List<String> VECTOR = List.of("--add-modules=jdk.incubator.vector");

    @TempDir private Path folder;

    private ProcessBuilder loupe(List<String> flags, String... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.add("-cp");
        command.add(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add("dev.loupe.app.Main");
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectError(folder.resolve("stderr").toFile());
        return builder;
    }

    private String stderr() throws IOException {
        return Files.readString(folder.resolve("stderr"));
    }

    private static int code(Process process) throws InterruptedException {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private static String read(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), UTF_8);
    }

    @Test
    void anInterruptEndsWithWhatWasWritten() throws Exception {
        String model = Outside.realModel().toString();
        Process process =
                loupe(VECTOR, "generate", "Once upon a time", "-n", "4000", "-m", model).start();
        InputStream out = process.getInputStream();
        String first = new String(out.readNBytes(20), UTF_8);
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        String all = first + new String(out.readAllBytes(), UTF_8);
        assertThat(code(process)).isEqualTo(130);
        assertThat(all).startsWith(", the city of").endsWith(System.lineSeparator());
        assertThat(stderr().lines().filter(line -> line.startsWith("loupe:"))).isEmpty();
    }

    private static void interrupt(Process process) throws Exception {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).as("ended at once").isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 300})
    void anInterruptWhileTheModelLoadsEndsAtOnce(int millis) throws Exception {
        Path model = Outside.realModel();
        Process process =
                loupe(VECTOR, "generate", "a", "-n", "4000", "-m", model.toString()).start();
        awaitMapped(process, model);
        Thread.sleep(millis);
        interrupt(process);
        assertThat(stderr().lines().filter(line -> line.startsWith("loupe:"))).isEmpty();
    }

    /** Waits until a process reads a file: before main, Java itself may end with another code. */
    private static void awaitMapped(Process process, Path file) throws Exception {
        Path maps = Path.of("/proc", Long.toString(process.pid()), "maps");
        if (Files.notExists(maps)) {
            Thread.sleep(500);
            return;
        }
        while (!Files.readString(maps).contains(file.getFileName().toString())) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(5);
        }
    }

    @Test
    void anInterruptWhileStdinIsAwaitedEndsAtOnce() throws Exception {
        String model = TinyModel.write(folder.resolve("tiny")).toString();
        ProcessBuilder builder = loupe(List.of(), "generate", "-", "-m", model);
        builder.environment().put("LOUPE_HOME", folder.toString());
        Process process = builder.start();
        // written when the model was loaded
        while (Files.notExists(folder.resolve("last-model"))) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(20);
        }
        Thread.sleep(200);
        interrupt(process);
        assertThat(read(process)).isEmpty();
    }

    @Test
    void aReaderThatWentAwayIsNoError() throws Exception {
        String model = TinyModel.write(folder.resolve("tiny")).toString();
        Path text = Files.writeString(folder.resolve("text"), "a".repeat(300_000));
        Process process = loupe(List.of(), "tokenize", "-f", text.toString(), "-m", model).start();
        process.getInputStream().readNBytes(10);
        process.getInputStream().close();
        assertThat(code(process)).isZero();
        assertThat(stderr()).isEmpty();
    }

    @Test
    void withoutTheVectorModuleItWorksAndWarnsOnce() throws Exception {
        String model = TinyModel.write(folder.resolve("tiny")).toString();
        String[] args = {"generate", "abc", "-n", "30", "-m", model};
        Process plain = loupe(List.of(), args).start();
        String text = read(plain);
        assertThat(code(plain)).isZero();
        assertThat(stderr()).startsWith("loupe: WARNING: no vector module").hasLineCount(1);
        Process vector = loupe(VECTOR, args).start();
        assertThat(read(vector)).isEqualTo(text).hasSizeGreaterThan(30);
        assertThat(code(vector)).isZero();
        assertThat(stderr()).doesNotContain("loupe:");
    }

    @Test
    void whatWasPulledIsTheModelUsedLast() throws Exception {
        Path file = folder.resolve("tiny.gguf");
        Path tiny = TinyModel.write(folder.resolve("tiny"));
        Converter.toGguf(tiny, file, Optional.empty(), 1, (index, count, tensor) -> {});
        byte[] model = Files.readAllBytes(file);
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/tiny.gguf",
                exchange -> {
                    exchange.sendResponseHeaders(200, model.length);
                    exchange.getResponseBody().write(model);
                    exchange.close();
                });
        server.start();
        try {
            String address = "http://127.0.0.1:" + server.getAddress().getPort() + "/tiny.gguf";
            assertThat(code(atHome("pull", address))).isZero();
            Process next = atHome("next", "abc");
            assertThat(read(next)).isNotEmpty();
            assertThat(code(next)).isZero();
        } finally {
            server.stop(0);
        }
    }

    private Process atHome(String... args) throws IOException {
        ProcessBuilder builder = loupe(VECTOR, args);
        builder.environment().put("LOUPE_HOME", folder.resolve("home").toString());
        return builder.start();
    }

    @Test
    void noColorTurnsColoursOff() throws Exception {
        List<String> colours = List.of("-Dpicocli.ansi=true");
        ProcessBuilder coloured = loupe(colours, "generate", "--help");
        coloured.environment().remove("NO_COLOR");
        assertThat(read(coloured.start())).contains("\u001b[");
        ProcessBuilder plain = loupe(colours, "generate", "--help");
        plain.environment().put("NO_COLOR", "1");
        assertThat(read(plain.start())).contains("Usage").doesNotContain("\u001b");
    }

    @Test
    void aFullDiskIsAnErrorOfOneLine() throws Exception {
        assertThat(Path.of("/dev/full")).exists();
        Process process =
                loupe(List.of(), "--help").redirectOutput(Path.of("/dev/full").toFile()).start();
        assertThat(code(process)).isEqualTo(1);
        assertThat(stderr()).startsWith("loupe: cannot write the output").hasLineCount(1);
    }
}
