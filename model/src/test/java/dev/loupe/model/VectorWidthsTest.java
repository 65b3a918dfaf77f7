package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.management.HotSpotDiagnosticMXBean;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Vectors of every width give the same bits, and so does a virtual machine without them: each runs
 * {@link BitsDigest} in a process of its own.
 */
@Timeout(120)
class VectorWidthsTest {
    private static final List<String> VECTORS =
            List.of(
                    "--add-modules=jdk.incubator.vector",
                    "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
                    "-Dloupe.kernels=vector");

    /** A virtual machine, and how it is asked for. */
    enum Machine {
        WITHOUT_MODULE("scalar", ""),
        /** Has no fused multiply-add, and takes a microsecond for each: some things only. */
        SSE("vector 128", "-XX:UseAVX=0"),
        AVX("vector 128", "-XX:UseAVX=1"),
        NARROW("vector 128", "-XX:MaxVectorSize=16"),
        AVX2("vector 256", "-XX:UseAVX=2"),
        AVX512("vector 512", "-XX:UseAVX=3");

        private final String kernels;
        private final String flag;

        Machine(String kernels, String flag) {
            this.kernels = kernels;
            this.flag = flag;
        }
    }

    /** Expected of all: what this virtual machine computes. */
    private static final Map<String, String> EXPECTED = expected();

    private static Map<String, String> expected() {
        Map<String, String> lines = new TreeMap<>();
        try (Processor processor = new Processor(Kernels.vectors(), new Threads(3))) {
            BitsDigest.of(processor, false)
                    .forEach((what, d) -> lines.put(what, "%08x".formatted(d)));
        }
        return lines;
    }

    @ParameterizedTest
    @EnumSource
    void everyWidthGivesTheSameBits(Machine machine) throws IOException, InterruptedException {
        skipWhatThisProcessorCannotDo(machine);
        List<String> lines = run(machine);
        assertThat(lines.getFirst()).isEqualTo(machine.kernels);
        Map<String, String> found = new TreeMap<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] parts = line.split(": ", 2);
            found.put(parts[0], parts[1]);
        }
        assertThat(EXPECTED).containsAllEntriesOf(found);
        if (machine == Machine.SSE) {
            assertThat(found).hasSizeGreaterThan(TensorType.values().length);
        } else {
            assertThat(found).hasSameSizeAs(EXPECTED);
        }
    }

    /** The highest {@code UseAVX} of this processor is what an unasked machine chose. */
    private static void skipWhatThisProcessorCannotDo(Machine machine) {
        if (!machine.flag.startsWith("-XX:UseAVX=")) {
            return;
        }
        int asked = Integer.parseInt(machine.flag.substring("-XX:UseAVX=".length()));
        String arch = System.getProperty("os.arch");
        if (!arch.equals("amd64")) {
            skip(machine + " is no machine of the architecture " + arch);
        }
        HotSpotDiagnosticMXBean flags =
                ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        int most = Integer.parseInt(flags.getVMOption("UseAVX").getValue());
        if (asked > most) {
            skip("%s needs UseAVX=%d, here it is %d".formatted(machine, asked, most));
        }
    }

    private static void skip(String why) {
        System.err.println("SKIPPED: " + why);
        abort(why);
    }

    private static List<String> run(Machine machine) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // a short run, of which much should be compiled code
        command.addAll(List.of("-XX:CompileThresholdScaling=0.02", "-Xmx512m", "-Xlog:disable"));
        if (machine != Machine.WITHOUT_MODULE) {
            command.addAll(VECTORS);
        }
        if (!machine.flag.isEmpty()) {
            command.add(machine.flag);
        }
        command.add("-cp");
        command.add(
                String.join(
                        File.pathSeparator,
                        placeOf(Kernels.class),
                        placeOf(Gpt.class),
                        placeOf(BitsDigest.class)));
        command.add(BitsDigest.class.getName());
        command.add(machine == Machine.SSE ? "0" : "100");
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> lines = process.inputReader().readAllLines();
        assertThat(process.waitFor()).as("exit of %s", command).isZero();
        return lines;
    }

    private static String placeOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(type + " has no place", e);
        }
    }
}
