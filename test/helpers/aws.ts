// Reads the contents of an emulated AWS account.
import { ACMClient, GetCertificateCommand, ListCertificatesCommand } from '@aws-sdk/client-acm';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeServicesCommand, ECSClient, type Service } from '@aws-sdk/client-ecs';
import {
  GetParameterCommand,
  GetParameterHistoryCommand,
  type Parameter,
  type ParameterHistory,
  type ParameterType,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { namesOf } from '../../infra/names.js';
import { REGION } from './operator.js';

export const NAMES = namesOf('fireblocks', 'dev');

export function clientOptions(endpoint: string) {
  return { endpoint, region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}

export interface Account {
  stacks(): Promise<
    readonly { name: string; status: string; parameters: Readonly<Record<string, string>> }[]
  >;
  template(stackName: string): Promise<string>;
  outputs(stackName: string): Promise<Readonly<Record<string, string>>>;
  parameter(name: string): Promise<Parameter | undefined>;
  /** @returns the parameter's versions, the newest first */
  history(name: string): Promise<readonly ParameterHistory[]>;
  put(name: string, value: string, type: ParameterType): Promise<void>;
  /** @returns the certificates' domain names */
  certificates(): Promise<readonly string[]>;
  /** @returns the first certificate, PEM */
  certificate(): Promise<string | undefined>;
  service(): Promise<Service | undefined>;
}

export function accountAt(endpoint: string): Account {
  const options = clientOptions(endpoint);
  const cloudformation = new CloudFormationClient(options);
  const ssm = new SSMClient(options);
  const acm = new ACMClient(options);
  const ecs = new ECSClient(options);
  return {
    async stacks() {
      const { Stacks = [] } = await cloudformation.send(new DescribeStacksCommand({}));
      return Stacks.map(({ StackName = '', StackStatus = '', Parameters = [] }) => ({
        name: StackName,
        status: StackStatus,
        parameters: Object.fromEntries(
          Parameters.map(({ ParameterKey = '', ParameterValue = '' }) => [ParameterKey, ParameterValue]),
        ),
      })).sort((a, b) => a.name.localeCompare(b.name));
    },
    async outputs(StackName) {
      const { Stacks = [] } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
      return Object.fromEntries(
        (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
      );
    },
    async template(StackName) {
      const { TemplateBody = '' } = await cloudformation.send(new GetTemplateCommand({ StackName }));
      return TemplateBody;
    },
    async parameter(Name) {
      try {
        return (await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter;
      } catch {
        return undefined;
      }
    },
    async history(Name) {
      const { Parameters = [] } = await ssm.send(new GetParameterHistoryCommand({ Name }));
      return Parameters.reverse();
    },
    async put(Name, Value, Type) {
      await ssm.send(new PutParameterCommand({ Name, Value, Type, Overwrite: true }));
    },
    async certificates() {
      const { CertificateSummaryList = [] } = await acm.send(new ListCertificatesCommand({}));
      return CertificateSummaryList.map(({ DomainName = '' }) => DomainName);
    },
    async certificate() {
      const { CertificateSummaryList = [] } = await acm.send(new ListCertificatesCommand({}));
      const { Certificate } = await acm.send(
        new GetCertificateCommand({ CertificateArn: CertificateSummaryList[0]?.CertificateArn }),
      );
      return Certificate?.trim();
    },
    async service() {
      const { services } = await ecs.send(
        new DescribeServicesCommand({ cluster: NAMES.cluster, services: [NAMES.service] }),
      );
      return services?.[0];
    },
  };
}
