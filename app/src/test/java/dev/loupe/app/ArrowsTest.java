package dev.loupe.app;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.stream.Stream;

/** Which module may use which. */
class ArrowsTest {
    private static final JavaClasses LOUPE =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.loupe");

    /** Each module and what it may use, itself aside; a new module needs a line here. */
    @ParameterizedTest
    @CsvSource({
        "tokens, ''",
        "kernels, ''",
        "model, kernels",
        "files, model kernels tokens",
        "generate, model kernels tokens",
        "train, model kernels tokens files",
        "inside, model kernels tokens",
        "explorer, inside train generate files model kernels tokens",
        "app, explorer inside train generate files model kernels tokens"
    })
    void aModuleUsesThoseBeforeItOnly(String module, String others) {
        String[] allowed =
                Stream.concat(Stream.of(module), Stream.of(others.split(" ")))
                        .filter(name -> !name.isEmpty())
                        .map(name -> "dev.loupe." + name + "..")
                        .toArray(String[]::new);
        DescribedPredicate<JavaClass> foreign =
                resideInAPackage("dev.loupe..")
                        .and(DescribedPredicate.not(resideInAnyPackage(allowed)));
        noClasses()
                .that()
                .resideInAPackage("dev.loupe." + module + "..")
                .should()
                .dependOnClassesThat(foreign)
                .check(LOUPE);
    }

    @Test
    void everyClassBelongsToAModuleThatHasArrows() {
        assertThat(LOUPE)
                .hasSizeGreaterThan(150)
                .allMatch(c ->
                        c.getPackageName()
                                .matches(
                                        "dev\\.loupe\\.(tokens|kernels|model|files|generate|train|inside|explorer|app)"
                                            + "(\\..*)?"));
    }

    /** A library that a package may use, and nobody else. */
    @ParameterizedTest
    @CsvSource({
        "jdk.incubator.vector.., dev.loupe.kernels.vector",
        "picocli.., dev.loupe.app",
        "java.net.http.., dev.loupe.files.store",
        "io.vertx.., dev.loupe.explorer",
    })
    void aLibraryIsUsedInOnePackage(String library, String user) {
        noClasses()
                .that()
                .resideOutsideOfPackage(user)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(LOUPE);
        assertThat(LOUPE)
                .filteredOn(c -> c.getPackageName().equals(user))
                .as("%s is used at all", library)
                .anyMatch(c ->
                        c.getDirectDependenciesFromSelf().stream()
                                .anyMatch(d ->
                                        d.getTargetClass()
                                                .getPackageName()
                                                .startsWith(library.replace("..", ""))));
    }

    @ParameterizedTest
    @CsvSource({
        "java.util.logging..",
        "java.lang.System$Logger",
        "org.slf4j..",
        "sun..",
        "java.io.ObjectInputStream",
        "javax.script..",
        "java.beans..",
        "java.rmi.."
    })
    void nobodyLogsOrRunsWhatAFileSays(String forbidden) {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage(forbidden)
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName(forbidden)
                .check(LOUPE);
    }
}
