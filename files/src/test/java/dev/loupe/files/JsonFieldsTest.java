package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class JsonFieldsTest {
    @TempDir Path folder;

    @Test
    void deepAndLongJsonIsRefused() {
        assertRefused("{\"a\":" + "[".repeat(1000), "broken JSON");
        // each of these would take 100 times its own bytes in memory
        assertRefused("{\"a\":[" + "{},".repeat(1_000_000) + "{}]}", "broken JSON");
        assertRefused("{\"a\":\"" + "x".repeat(5 << 20) + "\"}", "size: found 5242888 bytes");
    }

    @Test
    void aListOfStringsIsAList() throws IOException {
        JsonFields json = fields("{\"a\":{\"b\":\"c\"},\"d\":\"e\"}");
        assertThatThrownBy(() -> json.strings("a")).hasMessageContaining("a list of strings");
        assertThatThrownBy(() -> json.strings("d")).hasMessageContaining("a list of strings");
    }

    private void assertRefused(String json, String why) {
        assertThatThrownBy(() -> fields(json))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(why);
    }

    private JsonFields fields(String json) throws IOException {
        return JsonFields.read(Files.writeString(folder.resolve("config.json"), json));
    }
}
