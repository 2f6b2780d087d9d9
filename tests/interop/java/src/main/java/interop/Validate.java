package interop;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.StructureDefinition;

/**
 * Holds the resources of folders against base R4 and the profiles of a package with HL7's validator, offline.
 *
 * <p>Arguments: a folder into which our profiles are written with their snapshots, the folder of the definitions, then folders of
 * resources. Each message is a JSON object on a line of its own; the last line says how many resources were validated and how many
 * snapshots were generated.
 */
public final class Validate {
	private static final Set<String> DEFINITIONS = Set.of("StructureDefinition", "ValueSet", "CodeSystem");
	private static final Gson GSON = new Gson();

	private Validate() {}

	public static void main(String[] arguments) throws IOException {
		String[] folders = Arrays.copyOfRange(arguments, 1, arguments.length);
		FhirContext context = FhirContext.forR4();
		PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(context);
		for (Path file : jsonFiles(Path.of(folders[0]))) {
			if (DEFINITIONS.contains(typeOf(file))) {
				ours.addResource(context.newJsonParser().parseResource(Files.readString(file)));
			}
		}
		UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
		// LOINC, SNOMED CT, RxNorm, dm+d and ICD are not on this machine: their codes can be neither confirmed nor refused.
		unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.INFORMATION);
		ValidationSupportChain chain = new ValidationSupportChain(
				new DefaultProfileValidationSupport(context),
				ours,
				new CommonCodeSystemsTerminologyService(context),
				new InMemoryTerminologyServerValidationSupport(context),
				new SnapshotGeneratingValidationSupport(context),
				unknown);
		FhirInstanceValidator module = new FhirInstanceValidator(chain);
		module.setAnyExtensionsAllowed(true);
		FhirValidator validator = context.newValidator().registerValidatorModule(module);
		int validated = 0;
		// A definition of HL7's own, as it is published: what is said of it too is the validator's.
		StructureDefinition control =
				(StructureDefinition) chain.fetchStructureDefinition("http://hl7.org/fhir/StructureDefinition/data-absent-reason");
		for (SingleValidationMessage message : validator.validateWithResult(control).getMessages()) {
			System.out.println(GSON.toJson(told(Path.of("control", "StructureDefinition-data-absent-reason.json"), message)));
		}
		for (String folder : folders) {
			for (Path file : jsonFiles(Path.of(folder))) {
				validated++;
				for (SingleValidationMessage message : validator.validateWithResult(Files.readString(file)).getMessages()) {
					System.out.println(GSON.toJson(told(file, message)));
				}
			}
		}
		JsonObject sum = new JsonObject();
		sum.addProperty("validated", validated);
		sum.addProperty("snapshots", snapshots(chain, context, Path.of(arguments[0])));
		System.out.println(GSON.toJson(sum));
	}

	private static JsonObject told(Path file, SingleValidationMessage message) {
		JsonObject line = new JsonObject();
		line.addProperty("file", file.getParent().getFileName() + "/" + file.getFileName());
		line.addProperty("severity", message.getSeverity().getCode());
		line.addProperty("path", message.getLocationString());
		line.addProperty("key", message.getMessageId());
		line.addProperty("what", message.getMessage());
		return line;
	}

	/** Writes our profiles with the snapshots that the validator makes of them; how many there are. */
	private static int snapshots(ValidationSupportChain chain, FhirContext context, Path out) throws IOException {
		List<StructureDefinition> made = chain.fetchAllStructureDefinitions().stream()
				.map(StructureDefinition.class::cast)
				.map(StructureDefinition::getUrl)
				.filter(url -> url.startsWith("https://b12-folate-cds.example.org/"))
				.distinct()
				.map(url -> (StructureDefinition) chain.fetchStructureDefinition(url))
				.map(profile -> profile.hasSnapshot()
						? profile
						: (StructureDefinition) chain.generateSnapshot(
								new ValidationSupportContext(chain), profile, null, null, null))
				.filter(StructureDefinition::hasSnapshot)
				.collect(Collectors.toList());
		for (StructureDefinition profile : made) {
			String text = context.newJsonParser().setPrettyPrint(true).encodeResourceToString(profile);
			Files.writeString(out.resolve("StructureDefinition-" + profile.getIdElement().getIdPart() + ".json"), text);
		}
		return made.size();
	}

	private static List<Path> jsonFiles(Path folder) throws IOException {
		try (Stream<Path> files = Files.list(folder)) {
			return files.filter(file -> file.toString().endsWith(".json"))
					.filter(file -> !Set.of("package.json", ".index.json").contains(file.getFileName().toString()))
					.sorted()
					.collect(Collectors.toList());
		}
	}

	private static String typeOf(Path file) throws IOException {
		return GSON.fromJson(Files.readString(file), JsonObject.class).get("resourceType").getAsString();
	}
}
