package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

class StartUpJarsTest {
    @TempDir private Path folder;

    private static List<String> names(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.stream().map(ZipEntry::getName).toList();
        }
    }

    private static List<ClassModel> classes(Path jar) throws IOException {
        List<ClassModel> classes = new ArrayList<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().endsWith(".class")) {
                    try (var in = zip.getInputStream(entry)) {
                        classes.add(ClassFile.of().parse(in.readAllBytes()));
                    }
                }
            }
        }
        return classes;
    }

    @Test
    void theVectorModuleBecomesAJar() throws IOException {
        Path jar = folder.resolve("vector.jar");
        StartUpJars.writeVectors(jar);
        assertThat(names(jar))
                .contains("jdk/incubator/vector/FloatVector.class")
                .doesNotContain("module-info.class");
        assertThat(classes(jar)).isNotEmpty();
    }

    /** A jar with classes of Java 5. */
    private Path picocli() throws Exception {
        URI place = CommandLine.class.getProtectionDomain().getCodeSource().getLocation().toURI();
        return Files.copy(Path.of(place), folder.resolve("picocli.jar"));
    }

    @Test
    void oldClassesGetStackMapsAndNothingElseChanges() throws Exception {
        Path jar = picocli();
        List<String> before = names(jar).stream().filter(name -> !name.endsWith("/")).toList();
        assertThat(classes(jar)).anyMatch(one -> one.majorVersion() < ClassFile.JAVA_6_VERSION);
        StartUpJars.renew(jar);
        assertThat(names(jar)).isEqualTo(before);
        assertThat(classes(jar)).allMatch(one -> one.majorVersion() > ClassFile.JAVA_6_VERSION);

        byte[] once = Files.readAllBytes(jar);
        StartUpJars.renew(jar);
        assertThat(Files.readAllBytes(jar)).isEqualTo(once);
    }

    /** Java verifies a class when it is initialized, by its stack maps and by nothing else. */
    @Test
    void renewedClassesPassTheVerifier() throws Exception {
        Path jar = picocli();
        StartUpJars.renew(jar);
        int initialized = 0;
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            for (String name : names(jar)) {
                if (name.endsWith(".class") && !name.contains("module-info")) {
                    String type = name.replace('/', '.').replaceAll("\\.class$", "");
                    Class.forName(type, true, loader);
                    initialized++;
                }
            }
        }
        assertThat(initialized).isGreaterThan(100);
    }
}
