package interop;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.model.RequestPartitionId;
import ca.uhn.fhir.jpa.api.IDaoRegistry;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.cache.IResourceChangeListenerRegistry;
import ca.uhn.fhir.jpa.cache.ResourceChangeListenerRegistryInterceptor;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ResourceCountCacheUtil;
import ca.uhn.fhir.jpa.dao.FulltextSearchSvcImpl;
import ca.uhn.fhir.jpa.dao.IFulltextSearchSvc;
import ca.uhn.fhir.jpa.dao.search.HSearchSortHelperImpl;
import ca.uhn.fhir.jpa.dao.search.IHSearchSortHelper;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.ValueSetOperationProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.searchparam.SearchParameterMap;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.util.ResourceCountCache;
import ca.uhn.fhir.rest.api.IResourceSupportedSvc;
import ca.uhn.fhir.rest.server.IncomingRequestAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsHooksDaoAuthorizationSvc;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsServiceRegistry;
import ca.uhn.hapi.fhir.cdshooks.config.CdsHooksConfig;
import ca.uhn.hapi.fhir.cdshooks.svc.CdsHooksContextBooter;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.persistence.EntityManagerFactory;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.ServerConnector;
import org.hibernate.dialect.Dialect;
import org.opencds.cqf.fhir.cql.EvaluationSettings;
import org.opencds.cqf.fhir.cr.hapi.cdshooks.CdsCrSettings;
import org.opencds.cqf.fhir.cr.hapi.common.ElmCacheResourceChangeListener;
import org.opencds.cqf.fhir.cr.hapi.config.CrCdsHooksConfig;
import org.opencds.cqf.fhir.cr.hapi.config.RepositoryConfig;
import org.opencds.cqf.fhir.cr.hapi.config.r4.ApplyOperationConfig;
import org.opencds.cqf.fhir.cr.hapi.config.r4.CrR4Config;
import org.opencds.cqf.fhir.cr.hapi.config.r4.EvaluateOperationConfig;
import org.opencds.cqf.fhir.cr.measure.CareGapsProperties;
import org.opencds.cqf.fhir.cr.measure.MeasureEvaluationOptions;
import org.opencds.cqf.fhir.utility.client.TerminologyServerClientSettings;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.DependsOn;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;

/**
 * A HAPI FHIR JPA server for R4 with clinical reasoning and CDS Hooks, in memory and on loopback alone.
 *
 * <p>Argument: the port. {@code /fhir} is the FHIR server, {@code /cds-services} what it announces to clients.
 */
@Configuration
@Import({
	Server.Storage.class,
	JpaR4Config.class,
	ThreadPoolFactoryConfig.class,
	JpaBatch2Config.class,
	Batch2JobsConfig.class,
	SubscriptionSubmitterConfig.class,
	SubscriptionChannelConfig.class,
	Server.Reasoning.class,
	CrR4Config.class,
	ApplyOperationConfig.class,
	EvaluateOperationConfig.class,
	RepositoryConfig.class,
	CdsHooksConfig.class,
	CrCdsHooksConfig.class
})
public class Server {
	public static void main(String[] arguments) throws Exception {
		AnnotationConfigWebApplicationContext context = new AnnotationConfigWebApplicationContext();
		context.register(Server.class);
		ServletContextHandler handler = new ServletContextHandler();
		handler.setContextPath("/");
		context.setServletContext(handler.getServletContext());
		context.refresh();
		forgetChangedLibraries(context);
		handler.addServlet(new ServletHolder(context.getBean(RestfulServer.class)), "/fhir/*");
		handler.addServlet(new ServletHolder(new Announced(context)), "/cds-services/*");
		org.eclipse.jetty.server.Server server = new org.eclipse.jetty.server.Server();
		ServerConnector connector = new ServerConnector(server);
		connector.setHost("127.0.0.1");
		connector.setPort(Integer.parseInt(arguments[0]));
		server.addConnector(connector);
		server.setHandler(handler);
		server.start();
		System.out.println("listening on 127.0.0.1:" + connector.getLocalPort());
		server.join();
	}

	/** A Library that is stored anew is compiled anew. */
	private static void forgetChangedLibraries(AnnotationConfigWebApplicationContext context) {
		context.getBean(IResourceChangeListenerRegistry.class)
				.registerResourceResourceChangeListener(
						"Library",
						RequestPartitionId.allPartitions(),
						SearchParameterMap.newSynchronous(),
						new ElmCacheResourceChangeListener(
								context.getBean(DaoRegistry.class),
								context.getBean(EvaluationSettings.class).getLibraryCache()),
						1000);
	}

	/** The CDS services that the server announces. */
	private static final class Announced extends HttpServlet {
		private final transient AnnotationConfigWebApplicationContext context;

		Announced(AnnotationConfigWebApplicationContext context) {
			this.context = context;
		}

		@Override
		protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
			ObjectMapper mapper =
					context.getBean(CdsHooksConfig.CDS_HOOKS_OBJECT_MAPPER_FACTORY, ObjectMapper.class);
			response.setContentType("application/json");
			response.getOutputStream()
					.write(mapper.writeValueAsBytes(
							context.getBean(ICdsServiceRegistry.class).getCdsServicesJson()));
		}
	}

	/** The database, in memory, and how resources are stored. */
	@Configuration
	public static class Storage {
		@Bean
		public DataSource dataSource() {
			org.apache.commons.dbcp2.BasicDataSource source = new org.apache.commons.dbcp2.BasicDataSource();
			source.setUrl("jdbc:h2:mem:interop;DB_CLOSE_DELAY=-1");
			source.setDriverClassName("org.h2.Driver");
			source.setMaxTotal(20);
			return source;
		}

		@Primary
		@Bean
		public LocalContainerEntityManagerFactoryBean entityManagerFactory(
				DataSource source, ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings) {
			LocalContainerEntityManagerFactoryBean factory =
					HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
			factory.setPersistenceUnitName("interop");
			factory.setDataSource(source);
			Properties properties = new Properties();
			properties.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
			properties.put("hibernate.hbm2ddl.auto", "create");
			properties.put("hibernate.search.enabled", "false");
			factory.setJpaProperties(properties);
			return factory;
		}

		@Primary
		@Bean
		public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
			return new JpaTransactionManager(factory);
		}

		@Primary
		@Bean
		public HibernatePropertiesProvider dialectProvider() {
			return new HibernatePropertiesProvider() {
				@Override
				public Dialect getDialect() {
					return new HapiFhirH2Dialect();
				}
			};
		}

		@Bean
		public JpaStorageSettings storageSettings() {
			JpaStorageSettings settings = new JpaStorageSettings();
			settings.setAllowExternalReferences(true);
			settings.setEnforceReferentialIntegrityOnWrite(false);
			settings.setEnforceReferentialIntegrityOnDelete(false);
			settings.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY);
			// A search that was just made is answered anew, as if asked with "Cache-Control: no-cache".
			settings.setReuseCachedSearchResultsForMillis(null);
			return settings;
		}

		@Bean
		public PartitionSettings partitionSettings() {
			return new PartitionSettings();
		}

		@Bean
		public SubscriptionSettings subscriptionSettings() {
			return new SubscriptionSettings();
		}

		@Bean
		public IEmailSender emailSender() {
			return message -> {};
		}

		@Bean
		public IFulltextSearchSvc fullTextSearch() {
			return new FulltextSearchSvcImpl();
		}

		@Bean
		public IStaleSearchDeletingSvc staleSearches() {
			return new StaleSearchDeletingSvcImpl();
		}

		@Bean
		public IHSearchSortHelper sortHelper(ISearchParamRegistry parameters) {
			return new HSearchSortHelperImpl(parameters);
		}

		@Bean
		public DatabaseBackedPagingProvider paging() {
			return new DatabaseBackedPagingProvider();
		}

		@Bean
		public DatabaseBinaryContentStorageSvcImpl binaryStorage() {
			return new DatabaseBinaryContentStorageSvcImpl();
		}

		@Bean
		public IResourceSupportedSvc supportedResources(IDaoRegistry daos) {
			return new DaoRegistryResourceSupportedSvc(daos);
		}

		@Bean("myResourceCountsCache")
		public ResourceCountCache resourceCounts(IFhirSystemDao<?, ?> system) {
			return ResourceCountCacheUtil.newResourceCountCache(system);
		}

		@Bean
		public RestfulServer restfulServer(
				IFhirSystemDao<?, ?> system,
				IJpaSystemProvider provider,
				ResourceProviderFactory resources,
				JpaStorageSettings settings,
				ISearchParamRegistry parameters,
				IValidationSupport support,
				DatabaseBackedPagingProvider paging,
				ValueSetOperationProvider valueSets) {
			RestfulServer server = new RestfulServer(system.getContext());
			server.registerProviders(resources.createProviders());
			server.registerProvider(provider);
			server.registerProvider(valueSets);
			server.setPagingProvider(paging);
			server.setServerAddressStrategy(new IncomingRequestAddressStrategy());
			server.setServerConformanceProvider(
					new JpaCapabilityStatementProvider(server, system, settings, parameters, support));
			return server;
		}
	}

	/** Clinical reasoning and CDS Hooks. */
	@Configuration
	public static class Reasoning {
		@Bean
		public EvaluationSettings evaluationSettings() {
			EvaluationSettings settings = EvaluationSettings.getDefault();
			settings.setLibraryCache(new ConcurrentHashMap<>());
			settings.setModelCache(new ConcurrentHashMap<>());
			settings.setValueSetCache(new ConcurrentHashMap<>());
			return settings;
		}

		@Bean
		public TerminologyServerClientSettings terminologyServer() {
			return TerminologyServerClientSettings.getDefault();
		}

		@Bean
		public MeasureEvaluationOptions measureOptions(EvaluationSettings settings) {
			MeasureEvaluationOptions options = MeasureEvaluationOptions.defaultOptions();
			options.setEvaluationSettings(settings);
			return options;
		}

		@Bean
		public CareGapsProperties careGaps() {
			return new CareGapsProperties();
		}

		@Bean
		@DependsOn("searchParamRegistry")
		public ResourceChangeListenerRegistryInterceptor changes() {
			return new ResourceChangeListenerRegistryInterceptor();
		}

		@Bean
		public CdsCrSettings cdsSettings() {
			return CdsCrSettings.getDefault();
		}

		@Bean
		public CdsHooksContextBooter cdsBooter() {
			return new CdsHooksContextBooter();
		}

		@Bean
		public ICdsHooksDaoAuthorizationSvc cdsAuthorization() {
			return resource -> {};
		}
	}
}
