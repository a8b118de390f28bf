// The load balancer's certificate: imported into ACM, or issued by ACM.
import { CfnParameter } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import type { Settings } from '../settings.js';

/** @returns its ARN */
export function createCertificate(scope: Construct, { certificate, hostName }: Settings): string {
  if (certificate === 'private') {
    return new CfnParameter(scope, 'CertificateArn', {
      description: `ARN of the certificate for ${hostName} that was imported into ACM`,
      allowedPattern: 'arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+',
      constraintDescription: 'must be the ARN of a certificate in ACM',
    }).valueAsString;
  }
  if ('arn' in certificate) return certificate.arn;
  const { id, name } = certificate.publicZone;
  const zone = route53.HostedZone.fromHostedZoneAttributes(scope, 'PublicZone', {
    hostedZoneId: id,
    zoneName: name,
  });
  return new acm.Certificate(scope, 'Certificate', {
    domainName: hostName,
    validation: acm.CertificateValidation.fromDns(zone),
  }).certificateArn;
}
