package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Embeddings.Neighbour;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** Directions mean something in SmolLM2, and arithmetic is right in any model. */
class EmbeddingsTest {
    private final LocalModel smol = Oracle.model("smollm2");
    private final Embeddings embeddings = Embeddings.of(smol.gpt(), smol.processor());

    private int id(String text) {
        int[] ids = smol.tokenizer().orElseThrow().encode(text);
        assertThat(ids).hasSize(1);
        return ids[0];
    }

    private String nearest(String minus, String plus, String more) {
        int[] up = {id(plus), id(more)};
        int[] down = {id(minus)};
        Set<Integer> named = Set.of(up[0], up[1], down[0]);
        float[] sum = embeddings.sum(up, down);
        int best = embeddings.nearest(sum, 1, id -> !named.contains(id)).getFirst().id();
        return smol.tokenizer().orElseThrow().text(best);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "\" man\",\" woman\",\" king\",\" queen\"",
                "\" Germany\",\" Japan\",\" Berlin\",\" Tokyo\"",
                "\" Germany\",\" Italy\",\" Hitler\",\" Mussolini\"",
                "\" cat\",\" cats\",\" dog\",\" dogs\"",
            })
    void differencesCarryOver(String minus, String plus, String more, String result) {
        assertThat(nearest(minus, plus, more)).isEqualTo(result);
    }

    @Test
    void numbersLineUpAlongThePlural() {
        float[] plural = embeddings.direction(List.of(new int[] {id(" cat"), id(" cats")}));
        double last = Double.NEGATIVE_INFINITY;
        for (String number : List.of(" one", " two", " three", " four")) {
            double at = embeddings.projection(id(number), plural);
            assertThat(at).as(number).isGreaterThan(last);
            last = at;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"smollm2", "gpt2", "gemma3", "llama-3-rope"})
    void theNearestAreThoseThatComparingEachGives(String name) {
        LocalModel model = Oracle.model(name);
        Embeddings table = Embeddings.of(model.gpt(), model.processor());
        float[] vector = table.sum(new int[] {40, 77}, new int[] {12});
        List<Neighbour> expected = new ArrayList<>();
        for (int id = 0; id < table.vocabSize(); id++) {
            expected.add(new Neighbour(id, cosine(vector, table.vector(id))));
        }
        expected.sort(Comparator.comparingDouble(n -> -n.cosine()));
        List<Neighbour> found = table.nearest(vector, 20, id -> true);
        assertThat(found).hasSize(20);
        for (int i = 0; i < 20; i++) {
            assertThat(found.get(i).cosine()).isCloseTo(expected.get(i).cosine(), within(1e-5));
            assertThat(found.get(i).cosine())
                    .isCloseTo(cosine(vector, table.vector(found.get(i).id())), within(1e-5));
        }
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }

    @Test
    void twentyNeighboursAmongFiftyThousandTakeLessThanAFifthOfASecond() {
        float[] vector = embeddings.vector(id(" tower"));
        double best = Double.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            long start = System.nanoTime();
            assertThat(embeddings.nearest(vector, 20, id -> true)).hasSize(20);
            best = Math.min(best, (System.nanoTime() - start) / 1e6);
        }
        System.err.printf("embeddings: top 20 of %d in %.1f ms%n", embeddings.vocabSize(), best);
        assertThat(best).isLessThan(200);
    }

    @Test
    void componentsKeepDistances() {
        // in a plane, however it is turned, two components keep everything
        List<float[]> vectors = new ArrayList<>();
        double[][] plane = {{3, 1}, {-1, 2}, {0, -4}, {2, 2}, {5, -1}};
        for (double[] p : plane) {
            float[] v = new float[7];
            for (int i = 0; i < 7; i++) {
                v[i] = (float) (p[0] * Math.cos(i) + p[1] * Math.sin(2 * i) + 10 * i);
            }
            vectors.add(v);
        }
        PrincipalComponents found = PrincipalComponents.of(vectors, 3);
        assertThat(found.explained()[0]).isGreaterThan(found.explained()[1]);
        assertThat(found.explained()[0] + found.explained()[1]).isCloseTo(1, within(1e-9));
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < i; j++) {
                double was = 0;
                for (int c = 0; c < 7; c++) {
                    was += Math.pow(vectors.get(i)[c] - vectors.get(j)[c], 2);
                }
                double is = 0;
                for (int d = 0; d < 2; d++) {
                    is += Math.pow(found.points()[i][d] - found.points()[j][d], 2);
                }
                assertThat(is).isCloseTo(was, within(1e-4));
            }
        }
        assertThatThrownBy(() -> PrincipalComponents.of(vectors, 5))
                .hasMessageContaining("found 5 vectors for 5 dimensions");
    }

    /** Few vectors go by Jacobi's method and many by Lanczos's; both are the same components. */
    @ParameterizedTest
    @ValueSource(ints = {40, 101, 300})
    void componentsOfManyAreThoseOfAllProducts(int n) {
        List<float[]> vectors = new ArrayList<>();
        for (int id = 0; id < n; id++) {
            vectors.add(embeddings.vector(1000 + 7 * id));
        }
        PrincipalComponents found = PrincipalComponents.of(vectors, 3);
        double[][] products = new double[n][n];
        double total = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                for (int c = 0; c < found.mean().length; c++) {
                    products[i][j] +=
                            (vectors.get(i)[c] - found.mean()[c])
                                    * (vectors.get(j)[c] - found.mean()[c]);
                }
            }
            total += products[i][i];
        }
        Eigenpairs all = Eigenpairs.all(products);
        for (int d = 0; d < 3; d++) {
            assertThat(found.explained()[d]).isCloseTo(all.values()[d] / total, within(1e-9));
            double same = 0;
            for (int i = 0; i < n; i++) {
                same += found.points()[i][d] * all.vectors()[d][i];
            }
            // the whole length of the coordinates lies along the one vector
            assertThat(same * same).isCloseTo(all.values()[d], within(1e-5 * all.values()[0]));
        }
    }

    @Test
    void aVectorIsPlacedWhereItsPointIs() {
        List<float[]> vectors = new ArrayList<>();
        for (String word : List.of(" man", " woman", " king", " queen", " one")) {
            vectors.add(embeddings.vector(id(word)));
        }
        PrincipalComponents found = PrincipalComponents.of(vectors, 4);
        for (int i = 0; i < vectors.size(); i++) {
            double[] place = found.place(vectors.get(i));
            for (int d = 0; d < 4; d++) {
                assertThat(place[d]).isCloseTo(found.points()[i][d], within(1e-6));
            }
        }
    }

    @Test
    void manyThatAreTheSameDoNotDiffer() {
        List<float[]> vectors = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            vectors.add(new float[] {1, 2, 3});
        }
        PrincipalComponents found = PrincipalComponents.of(vectors, 3);
        assertThat(found.explained()).containsOnly(0);
        for (int i = 0; i < 60; i++) {
            vectors.set(i, new float[] {1, 2, 5});
        }
        assertThat(PrincipalComponents.of(vectors, 3).explained()[0]).isCloseTo(1, within(1e-9));
        assertThat(PrincipalComponents.of(vectors, 3).points()[0][2]).isCloseTo(0, within(1e-6));
    }

    @Test
    void theTableOfATiedModelIsItsUnembedding() {
        Embeddings last = Embeddings.ofUnembedding(smol.gpt(), smol.processor());
        assertThat(last.vector(40)).isEqualTo(embeddings.vector(40));
        LocalModel untied = Oracle.model("llama-3-rope");
        assertThat(Embeddings.ofUnembedding(untied.gpt(), untied.processor()).vector(40))
                .isNotEqualTo(Embeddings.of(untied.gpt(), untied.processor()).vector(40));
    }
}
