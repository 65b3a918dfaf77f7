package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The sources of kernels and model once more, with {@code double} in place of {@code float}: what
 * finite differences are taken of. What reads files is left out, and {@link FiniteDifferences}
 * itself is among them. The result is in {@code target/double}, to be looked at.
 */
final class DoubleSources {
    private static final Path KERNELS = Path.of("../kernels/src/main/java/dev/loupe/kernels");
    private static final Path MODEL = Path.of("src/main/java/dev/loupe/model");
    private static final Path CHECK =
            Path.of("src/test/java/dev/loupe/model/FiniteDifferences.java");
    private static final Path OWN = Path.of("src/test/double/dev/loupe/kernels/Exponential.java");
    private static final Path TARGET = Path.of("target/double");

    /** What deals with files and their types. */
    private static final Set<String> LEFT_OUT =
            Set.of(
                    "Blocks",
                    "CodeRows",
                    "Exponential",
                    "GroupFit",
                    "KBlocks",
                    "KEncoder",
                    "LegacyBlocks",
                    "LegacyEncoder",
                    "NonFiniteException",
                    "Packing",
                    "ScaleBlocks",
                    "StoredRows",
                    "TableBlocks",
                    "TensorType",
                    "TernaryBlocks",
                    "GptLoader",
                    "GptTensors",
                    "StoredTensor",
                    "TensorSource");

    /**
     * Pieces of work so small that tiny matrices have several, and a rest; and doubles in memory.
     */
    private static final Map<String, String> SMALL =
            Map.of(
                    "LOGITS = 1 << 24",
                    "LOGITS = 1 << 10",
                    "READY = 1 << 21",
                    "READY = 1 << 11",
                    "ROWS = 1024",
                    "ROWS = 24",
                    "new Blocking(240, 256)",
                    "new Blocking(12, 10)",
                    "JAVA_FLOAT",
                    "JAVA_DOUBLE");

    private static final Pattern KEPT =
            Pattern.compile("\\bFloat\\.(intBitsToFloat|float16ToFloat|BYTES)\\b");

    private static final Pattern LITERAL =
            Pattern.compile("(?<![\\w.])(\\d[\\d_]*(?:\\.\\d*)?(?:[eE][+-]?\\d+)?)f\\b");

    private final Map<String, String> sources = new TreeMap<>();
    private final Path classes = TARGET.resolve("classes");
    private int mutants;

    /** Writes and compiles them. */
    DoubleSources() {
        try {
            clear();
            for (Path folder : List.of(KERNELS, MODEL)) {
                try (Stream<Path> files = Files.list(folder)) {
                    for (Path file : files.filter(DoubleSources::isIn).toList()) {
                        add(file, inDoubles(Files.readString(file)));
                    }
                }
            }
            add(CHECK, inDoubles(Files.readString(CHECK)));
            add(OWN, Files.readString(OWN));
            List<Path> files = new ArrayList<>();
            for (Map.Entry<String, String> source : sources.entrySet()) {
                files.add(write(TARGET.resolve("sources"), source.getKey(), source.getValue()));
            }
            compile(files, classes, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What an earlier run left would be found before what this one makes. */
    private static void clear() throws IOException {
        if (Files.exists(TARGET)) {
            try (Stream<Path> left = Files.walk(TARGET)) {
                for (Path file : left.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static boolean isIn(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".java")
                && !name.equals("package-info.java")
                && !LEFT_OUT.contains(name.replace(".java", ""));
    }

    private void add(Path file, String text) {
        sources.put(file.getFileName().toString().replace(".java", ""), text);
    }

    private static String inDoubles(String text) {
        String small = text;
        for (Map.Entry<String, String> constant : SMALL.entrySet()) {
            small = small.replace(constant.getKey(), constant.getValue());
        }
        String kept = KEPT.matcher(small).replaceAll("@KEPT@.$1");
        kept = kept.replace("Float.floatToFloat16(", "@KEPT@.floatToFloat16((@CAST@) ");
        String typed = kept.replaceAll("\\bfloat\\b", "double").replaceAll("\\bFloat\\b", "Double");
        return LITERAL.matcher(typed)
                .replaceAll("$1d")
                .replace("@KEPT@", "Float")
                .replace("@CAST@", "float");
    }

    private static Path write(Path folder, String name, String text) throws IOException {
        Files.createDirectories(folder);
        return Files.writeString(folder.resolve(name + ".java"), text);
    }

    private static void compile(List<Path> files, Path out, @Nullable Path against)
            throws IOException {
        Files.createDirectories(out);
        String path = annotations() + (against == null ? "" : ":" + against);
        List<String> options = List.of("-proc:none", "-nowarn", "-cp", path, "-d", out.toString());
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled =
                    compiler.getTask(
                                    messages,
                                    manager,
                                    null,
                                    options,
                                    null,
                                    manager.getJavaFileObjectsFromPaths(files))
                            .call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
    }

    private static Path annotations() {
        try {
            return Path.of(
                    Nullable.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The largest relative error of a case of {@link FiniteDifferences}. */
    double worst(String name) {
        return worst(name, List.of(classes));
    }

    /**
     * The same after a change of one source.
     *
     * @param file the class that is changed
     * @param found a text that it has once
     * @param instead what stands there then
     */
    double worstWith(String file, String found, String instead, String name) {
        String text = sources.getOrDefault(file, "");
        assertThat(text.split(Pattern.quote(found), -1))
                .as("parts of %s around '%s'", file, found)
                .hasSize(2);
        try {
            Path folder = TARGET.resolve("mutant-" + mutants++);
            Path changed = write(folder, file, text.replace(found, instead));
            compile(List.of(changed), folder, classes);
            return worst(name, List.of(folder, classes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double worst(String name, List<Path> path) {
        try {
            URL[] urls = new URL[path.size()];
            for (int i = 0; i < urls.length; i++) {
                urls[i] = path.get(i).toUri().toURL();
            }
            try (URLClassLoader loader =
                    new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
                Class<?> check = loader.loadClass("dev.loupe.model.FiniteDifferences");
                var method = check.getDeclaredMethod("worst", String.class);
                method.setAccessible(true);
                return (double) method.invoke(null, name);
            }
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(name, e.getCause());
        } catch (IOException | ReflectiveOperationException e) {
            throw new IllegalStateException(name, e);
        }
    }
}
