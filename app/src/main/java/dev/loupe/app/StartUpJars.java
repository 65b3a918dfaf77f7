package dev.loupe.app;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Makes the jars that let {@code ./loupe} start from an ahead-of-time cache (JEP 483, JEP 515); the
 * launcher runs it once after a build. The cache holds loaded and linked classes and profiles, with
 * two exceptions, which cost a third of a second:
 *
 * <ul>
 *   <li>It holds nothing of that kind where an incubating module is among the root modules. So the
 *       classes of {@code jdk.incubator.vector} are copied to {@code vector.jar}, which the
 *       launcher puts behind the boot class path of the same JDK.
 *   <li>It leaves out classes of before Java 6, whose verification needs no stack maps, and
 *       picocli's are. So such jars are written again with stack maps, which the class-file API
 *       computes.
 * </ul>
 */
final class StartUpJars {
    private static final String VECTORS = "jdk.incubator.vector";

    private StartUpJars() {}

    /**
     * Writes what is missing or old.
     *
     * @param args the folder for {@code vector.jar}, with libraries in {@code lib}
     */
    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[0]);
        writeVectors(target.resolve("vector.jar"));
        try (Stream<Path> jars = Files.list(target.resolve("lib"))) {
            for (Path jar : jars.filter(jar -> jar.toString().endsWith(".jar")).toList()) {
                renew(jar);
            }
        }
    }

    /** Writes the classes of the vector module, as the running JDK has them, to a jar. */
    static void writeVectors(Path jar) throws IOException {
        Path module = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("modules", VECTORS);
        List<Path> classes;
        try (Stream<Path> files = Files.walk(module)) {
            classes =
                    files.filter(Files::isRegularFile)
                            .filter(file -> !file.endsWith("module-info.class"))
                            .toList();
        }
        replace(
                jar,
                out -> {
                    for (Path file : classes) {
                        put(out, module.relativize(file).toString(), Files.readAllBytes(file));
                    }
                });
    }

    /** Writes a jar again if it has classes without stack maps. */
    static void renew(Path path) throws IOException {
        List<Entry> entries = new ArrayList<>();
        // with no regard to versions: META-INF/versions stays as it is
        try (JarFile jar = new JarFile(path.toFile(), false, ZipFile.OPEN_READ)) {
            ClassFile files = classFiles(jar);
            boolean old = false;
            for (ZipEntry entry : jar.stream().filter(e -> !e.isDirectory()).toList()) {
                byte[] bytes = read(jar, entry);
                boolean one = isOld(entry.getName(), bytes);
                old |= one;
                entries.add(new Entry(entry.getName(), one ? withStackMaps(files, bytes) : bytes));
            }
            if (!old) {
                return;
            }
        }
        replace(
                path,
                out -> {
                    for (Entry entry : entries) {
                        put(out, entry.name, entry.bytes);
                    }
                });
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Entry(String name, byte[] bytes) {}

    private static byte[] read(ZipFile jar, ZipEntry entry) throws IOException {
        try (var in = jar.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }

    /** Reads classes of a jar to know what extends what. */
    private static ClassFile classFiles(ZipFile jar) {
        ClassHierarchyResolver resolver =
                ClassHierarchyResolver.ofResourceParsing(
                                type -> {
                                    String name = type.packageName().replace('.', '/');
                                    String path = name + "/" + type.displayName() + ".class";
                                    ZipEntry entry = jar.getEntry(path);
                                    try {
                                        return entry == null ? null : jar.getInputStream(entry);
                                    } catch (IOException e) {
                                        throw new UncheckedIOException(e);
                                    }
                                })
                        .orElse(ClassHierarchyResolver.defaultResolver());
        return ClassFile.of(
                StackMapsOption.GENERATE_STACK_MAPS, ClassHierarchyResolverOption.of(resolver));
    }

    /** Whether the bytes are a class of before Java 6. */
    private static boolean isOld(String name, byte[] bytes) {
        return name.endsWith(".class")
                && bytes.length > 8
                && (bytes[6] << 8 | (bytes[7] & 0xFF)) < ClassFile.JAVA_6_VERSION;
    }

    private static byte[] withStackMaps(ClassFile files, byte[] old) {
        ClassModel model = files.parse(old);
        ClassTransform code = ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL);
        return files.transformClass(
                model,
                code.andThen((to, element) ->
                        to.with(
                                element instanceof ClassFileVersion
                                        ? ClassFileVersion.of(ClassFile.JAVA_8_VERSION, 0)
                                        : element)));
    }

    @FunctionalInterface
    private interface Contents {
        void write(ZipOutputStream out) throws IOException;
    }

    /** Writes a jar aside and renames it, so that none is ever there in part. */
    private static void replace(Path jar, Contents contents) throws IOException {
        Path part = jar.resolveSibling(jar.getFileName() + ".part");
        try (OutputStream file = Files.newOutputStream(part);
                ZipOutputStream out = new ZipOutputStream(file)) {
            out.setLevel(0);
            contents.write(out);
        }
        Files.move(part, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        out.putNextEntry(new ZipEntry(name));
        out.write(bytes);
        out.closeEntry();
    }
}
